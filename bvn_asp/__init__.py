"""An executable, explained model of one coverage policy.

from bvn_asp import decide, explain, load_case
decision = decide(load_case("cases/approve_two_bodies.yaml"))
print(explain(decision))
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

try:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.decision.engine import Engine
    from bvn_asp.errors import BvnError, CaseError, PolicyError, ReadingError, SolveError
    from bvn_asp.policy.loading import load_policy, shipped_policy
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case
    from bvn_asp.record.files import load_case, load_cases, read_case, translate
except KeyboardInterrupt:
    # As the program `bvn` this ends like any later interruption; who imports the package hears of it.
    if not sys.argv[0].endswith(("bvn", "bvn.exe", "-m")):
        raise
    sys.stderr.write("interrupted\n")
    sys.exit(130)

if TYPE_CHECKING:
    from bvn_asp.analysis.query.finder import Finder
    from bvn_asp.analysis.query.found import Found, Verdict
    from bvn_asp.record.bases import Document

__version__ = "0.1.0"

__all__ = [
    "BvnError",
    "Case",
    "CaseError",
    "Decision",
    "Engine",
    "Policy",
    "PolicyError",
    "ReadingError",
    "SolveError",
    "decide",
    "explain",
    "find",
    "load_case",
    "load_cases",
    "load_policy",
    "prove",
    "read_case",
    "shipped_policy",
]


def decide(case: Case, readings: Mapping[str, str] | None = None, *, assume_absent: bool | None = None) -> Decision:
    """Decide `case` under the policy that comes with the package; see `Engine.decide`."""
    return _engine().decide(case, readings, assume_absent=assume_absent)


def explain(decision: Decision) -> str:
    """Return the whole explanation of `decision` as plain text."""
    from bvn_asp.report.text import text

    return text(decision)


def _page(decision: Decision) -> str:
    from bvn_asp.report.text import html

    return html(decision)


Decision.page = _page


def find(query: str, readings: Mapping[str, str] | None = None, *, limit: int = 3) -> Found:
    """Return up to `limit` edge cases that fit `query`, or a proof of none; see `Finder`."""
    return _finder().find(query, readings=readings, limit=limit)


def prove(assertion: str, readings: Mapping[str, str] | None = None) -> Verdict:
    """Return the proof that `assertion` holds of every record, or a counterexample; see `find`."""
    return _finder().prove(assertion, readings=readings)


def _response(document: Document) -> Document:
    """Return what a response to the questionnaire states, as the document of a case."""
    from bvn_asp.fhir.answers import read

    return read(document).document


translate("QuestionnaireResponse", _response)


@cache
def _finder() -> Finder:
    from bvn_asp.analysis.query.finder import Finder

    return Finder()


@cache
def _engine() -> Engine:
    return Engine(shipped_policy())
