"""How much a random test looks at: a sample by default, and in a campaign, under the marker `slow`, all that it can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

running = False
"""Whether this run is a campaign; known before the tests are imported."""


def counts(name: str, sample: Any, campaign: Any) -> pytest.MarkDecorator:
    """Run a test with the argument `name` twice: as `sample`, and as `campaign` under the marker `slow`."""
    return pytest.mark.parametrize(
        name, [pytest.param(sample, id="sample"), pytest.param(campaign, id="campaign", marks=pytest.mark.slow)]
    )


def examples(sample: int, campaign: int, **options: Any) -> Callable[[Any], Any]:
    """Let Hypothesis draw so many examples: `sample`, the same in each run, or `campaign`, new ones."""
    drawn = settings(max_examples=campaign if running else sample, **options)
    return lambda test: pytest.mark.slow(drawn(test)) if running else drawn(test)
