"""Records as case files that people can read, with the answers that were found as what they expect.

A file is read back and decided before it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from bvn_asp.decision.expectations import Coverage, check
from bvn_asp.errors import SolveError
from bvn_asp.record.files import read_case

if TYPE_CHECKING:
    from bvn_asp.analysis.writing.stated import Record
    from bvn_asp.decision.decision import Decision
    from bvn_asp.decision.engine import Engine

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class _Plain(str):
    """A number as text, to be written without quotes."""


class _Dumper(yaml.SafeDumper):
    """Writes yes and no for answers, and numbers as they are."""


class _Section(dict[str, Any]):
    """A section of a case, to be written with one field in a line."""


_Dumper.add_representer(_Section, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v.items(), False))
_Dumper.add_representer(bool, lambda d, v: d.represent_scalar("tag:yaml.org,2002:bool", "yes" if v else "no"))
_Dumper.add_representer(
    _Plain, lambda d, v: d.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in v else 'int'}", v)
)


def case_text(record: Record, story: str, expected: Sequence[Mapping[str, Any]]) -> str:
    """Return a case file of `record` with a story and expectations."""
    sections = {name: _Section(part) if isinstance(part, dict) else part for name, part in _plain(record).items()}
    content = {"story": " ".join(story.split()), **sections, "expected": [_Section(item) for item in expected]}
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None, indent=2
    )


def expectation(decision: Decision, readings: Mapping[str, str], why: str) -> dict[str, Any]:
    """Return what a case file expects if it is to be decided as `decision` was."""
    found: dict[str, Any] = {"why": " ".join(why.split())}
    if readings:
        found["readings"] = dict(readings)
    if decision.recommendation is not None:
        found["recommendation"] = decision.recommendation
    found["eligibility"] = decision.eligibility
    for status in ("unmet", "violated", "undetermined"):
        found[status] = list(decision.ids(status))
    found["bodies"] = {body.name: body.status for body in decision.bodies}
    found["units"] = dict(decision.units)
    return found


def checked(text: str, engine: Engine) -> str:
    """Return `text` if it reads back as a case that is decided as it expects; raise SolveError if it does not."""
    for _, differences in check(engine, read_case(text), Coverage()):
        if differences:
            raise SolveError(f"a case is decided otherwise than when it was found: {'; '.join(differences)}")
    return text


def _plain(value: Any) -> Any:
    """Return a record with numbers as they are to be written."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _Plain(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
