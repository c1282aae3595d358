"""How much a random test looks at: a sample by default, and in a campaign, under the marker `slow`, all that it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import settings

running = False
"""Whether this run is a campaign; known before the tests are imported."""


def counts(names: str, sample: Any, campaign: Any) -> pytest.MarkDecorator:
    """Run a test twice: with its argument as in `sample`, and as in `campaign` under the marker `slow`.

    Of several arguments, the values are tuples.
    """
    few, many = (values if "," in names else (values,) for values in (sample, campaign))
    return pytest.mark.parametrize(
        names, [pytest.param(*few, id="sample"), pytest.param(*many, id="campaign", marks=pytest.mark.slow)]
    )


def sampled(values: Sequence[Any], *kept: int) -> list[Any]:
    """Return parameters of a test: those at the places `kept` are its sample, the others are for a campaign."""
    marks = [[] if place in kept else [pytest.mark.slow] for place, _ in enumerate(values)]
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*row, marks=marked) for row, marked in zip(rows, marks, strict=True)]


def examples(sample: int, campaign: int, **options: Any) -> Callable[[Any], Any]:
    """Let Hypothesis draw so many examples: `sample`, the same in each run, or `campaign`, new ones."""
    drawn = settings(max_examples=campaign if running else sample, **options)
    return lambda test: pytest.mark.slow(drawn(test)) if running else drawn(test)
