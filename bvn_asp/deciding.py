"""What `bvn decide` does with files: decide each, and write what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bvn_asp.case import Case
from bvn_asp.decide import Engine
from bvn_asp.decision import NOTICE
from bvn_asp.errors import ReadingError
from bvn_asp.policy import Policy, shipped_policy
from bvn_asp.shape import room_for
from bvn_asp.terminal import Page, each, say


def decide_paths(
    paths: list[Path],
    *,
    as_json: bool = False,
    brief: bool = False,
    full: bool = False,
    reading: Sequence[str] = (),
    assume_absent: bool | None = None,
) -> None:
    """Decide the cases at `paths` and write each decision; `reading` holds QUESTION=OPTION."""
    show = _writer(as_json=as_json, brief=brief, full=full, one=len(paths) == 1 and not paths[0].is_dir())
    engine: Engine | None = None
    readings: dict[str, str] = {}

    def act(name: str, case: Case) -> None:
        nonlocal engine, readings
        if engine is None:
            # The policy is ground for the first case right away, which spares a start its second grounding.
            engine = Engine(shipped_policy(room_for(case)))
            readings = chosen_readings(engine.policy, reading)
        show(engine.decide(case, readings, assume_absent=assume_absent), name)

    each(paths, act, closing=NOTICE if brief and not as_json else "")


def chosen_readings(policy: Policy, options: Sequence[str] | None) -> dict[str, str]:
    """Return the readings that `options` choose, as QUESTION=OPTION; raise ReadingError for what is not offered."""
    chosen: dict[str, str] = {}
    for text in options or ():
        question, equals, option = text.partition("=")
        if not equals:
            raise ReadingError(f"--reading {text!r}: expected QUESTION=OPTION; `bvn readings` lists them")
        if chosen.get(question, option) != option:
            raise ReadingError(f"--reading {question}: given twice with different options")
        chosen[question] = option
    policy.readings(chosen)
    return chosen


def _writer(*, as_json: bool, brief: bool, full: bool, one: bool) -> Callable[[Any, str], None]:
    if as_json:
        import json

        from bvn_asp.document import document

        return lambda decision, name: say(json.dumps(document(decision, name), indent=2 if one else None))
    from bvn_asp import report

    if brief:
        return lambda decision, name: say(report.brief(decision, name))
    page = Page()
    return lambda decision, name: page.show(report.lines(decision, name, page.width, full=full, boxes=page.boxes))
