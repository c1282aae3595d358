"""The command `bvn decide`: decide each case, and write what was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.options import PATH, assume_absent_option, chosen_readings, command, keep_option, reading_option
from bvn_asp.cli.terminal import each_given, fail, say
from bvn_asp.decision.decision import NOTICE
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.readings import Comparison, compare_readings
from bvn_asp.decision.shapes import room_for
from bvn_asp.policy.loading import shipped_policy

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.record.files import Given
    from bvn_asp.reviews.store import Store

Compared = Callable[[], Iterator[Comparison]]
"""What the options of every question would decide, worked out only where it is asked for."""
Decided = tuple["Decision", str, Compared]


@command("deciding")
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON document for each case, see `bvn schema --decision`.")
@click.option("--brief", is_flag=True, help="One line for each case.")
@click.option("--full", is_flag=True, help="Every criterion with all its reasons.")
@reading_option
@assume_absent_option
@keep_option()
def decide(
    paths: tuple[Path, ...], as_json: bool, brief: bool, full: bool, reading: tuple[str, ...],
    assume_absent: bool | None, keep: Path | None,
) -> None:  # fmt: skip
    """Decide cases: the recommendation and what it rests on, on one screen; of several cases a line each.

    PATHS are case files, folders of case files, or - for standard input. With --keep, `bvn reviews` has them later.
    """
    output = _Output(_json if as_json else _full if full else None if brief else _summary, _json_line if as_json else
                     _full if full else _line, tally=not (as_json or full))  # fmt: skip
    engine: Engine | None = None
    readings: dict[str, str] = {}
    keeper: _Keeper | None = None

    def ready(given: Given) -> None:
        nonlocal engine, readings, keeper
        # The policy is ground for the first case right away, which spares a start its second grounding.
        engine = Engine(shipped_policy(room_for(given.case)))
        readings = chosen_readings(engine.policy, reading)
        keeper = None if keep is None else _Keeper(keep, readings, assume_absent)

    def act(name: str, given: Given) -> None:
        assert engine is not None
        case = given.case
        decision = engine.decide(case, readings, assume_absent=assume_absent)
        if keeper is not None:
            # What is shown is kept.
            keeper.keep(name, given, decision)
        compared = partial(compare_readings, engine, case, readings, assume_absent=assume_absent)
        output.add((decision, name, compared))

    def closing() -> None:
        output.close()
        if keeper is not None:
            keeper.close()

    each_given(list(paths), act, closing=closing, ready=ready)


class _Keeper:
    """Keeps decisions in the file of reviews at `path`, and says at the end which entries they are."""

    def __init__(self, path: Path, readings: dict[str, str], assume_absent: bool | None) -> None:
        from bvn_asp.reviews.store import Store

        self._store: Store = Store(path, create=True)
        self._path, self._readings, self._assume_absent = path, readings, assume_absent
        self._numbers: list[int] = []
        self._last = ""

    def keep(self, name: str, given: Given, decision: Decision) -> None:
        """Keep a decision."""
        entry = self._store.keep(
            given.case, decision, name, chosen=self._readings, assume_absent=self._assume_absent, given=given.content
        )
        self._numbers.append(entry.number)
        self._last = entry.sha256

    def close(self) -> None:
        """Say where the decisions are, beside what is printed of them."""
        if self._numbers:
            first, last = self._numbers[0], self._numbers[-1]
            which = f"entry {first}" if first == last else f"{len(self._numbers)} entries, {first} to {last},"
            fail(f"kept as {which} of {self._path}; last hash {self._last}")


class _Output:
    """Writes one decision as `alone`, and each of several as `among`; with a `tally`, these are counted at the end."""

    def __init__(
        self, alone: Callable[[Decided], None] | None, among: Callable[[Decided], None], *, tally: bool
    ) -> None:
        self._alone, self._among, self._tally = alone, among, tally
        self._first: Decided | None = None
        self._counts: Counter[str] = Counter()

    def add(self, decided: Decided) -> None:
        """Write a decision, the first one only when it is known whether there are more."""
        self._counts[decided[0].recommendation or "no request"] += 1
        if self._alone is not None and self._counts.total() == 1:
            self._first = decided
            return
        if self._first is not None:
            self._among(self._first)
            self._first = None
        self._among(decided)

    def close(self) -> None:
        """Write what is left to say."""
        if self._first is not None and self._alone is not None:
            self._alone(self._first)
        elif self._tally and self._counts:
            total = self._counts.total()
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.most_common())
            say(f"{total} case{'s' if total > 1 else ''}: {counts}\n{NOTICE}")


def _json(decided: Decided, indent: int | None = 2) -> None:
    import json

    from bvn_asp.report.document import document

    say(json.dumps(document(*decided[:2]), indent=indent))


_json_line = partial(_json, indent=None)


def _line(decided: Decided) -> None:
    from bvn_asp.report.brief import brief

    say(brief(*decided[:2]))


def _full(decided: Decided) -> None:
    from bvn_asp.report.page import Page
    from bvn_asp.report.text import report

    Page().show(*report(*decided[:2]))


def _summary(decided: Decided) -> None:
    from bvn_asp.report.page import Page
    from bvn_asp.report.summary import summary

    decision, name, compared = decided
    page = Page()
    page.show(*summary(decision, name, [found for found in compared() if found.matters], width=page.width))
