"""The cases of `cases/`, by name: every name stands once, whatever file it is in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bvn_asp.record.case import Case
from bvn_asp.record.files import case_files, load_cases

FOLDER = Path(__file__).parent.parent / "cases"


@cache
def _found() -> dict[str, tuple[str, Case]]:
    cases = [(id, case) for path in case_files([FOLDER]) for id, case in load_cases(path).items()]
    found = {id.rpartition("#")[2] if "#" in id else Path(id).stem: (id, case) for id, case in cases}
    assert len(found) == len(cases), "two cases have one name"
    return found


def samples() -> dict[str, Case]:
    """Return every case by name, in the order of the names."""
    return {name: case for name, (_, case) in sorted(_found().items())}


def sample(name: str) -> Case:
    """Return the case called `name`."""
    return _found()[name][1]


def place(name: str) -> str:
    """Return where the case called `name` is, as a command takes it: FILE#NAME."""
    return _found()[name][0]
