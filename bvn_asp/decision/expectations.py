"""Cases with expected answers: which hold, and which clauses were seen, and asserted, on which side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bvn_asp.decision.engine import Engine
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import ReadingError

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Criterion, Decision
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case, Expectation

NOTHING_CHECKED = "nothing is expected: name a recommendation, or a status that the answer must have"
NO_RECOMMENDATION = "none"
"""How a case expects that there is no recommendation, as it has no request."""


@dataclass
class Coverage:
    """How often each clause was seen with each status, and how often a case expects it with that status."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    asserted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, decision: Decision, expected: Expectation) -> None:
        """Count the statuses of `decision`, and those of them that it is compared with `expected` in."""
        for criterion in decision.criteria:
            status = criterion.clause.id, criterion.status
            self.seen[status] += 1
            self.asserted[status] += asserts(expected, criterion)

    def rows(self, policy: Policy) -> Iterator[tuple[str, list[tuple[str, int]]]]:
        """Yield every clause with its counts: the two settled statuses, then undetermined."""
        for clause in policy.clauses.values():
            if clause.kind in SIDES:
                yield (
                    clause.id,
                    [(status, self.seen[clause.id, status]) for status in (*SIDES[clause.kind], "undetermined")],
                )

    def unseen(self, policy: Policy) -> list[tuple[str, str]]:
        """Return the clauses and settled statuses that were never seen."""
        return self._without(self.seen, policy)

    def unasserted(self, policy: Policy) -> list[tuple[str, str]]:
        """Return the clauses and settled statuses that no case expects."""
        return self._without(self.asserted, policy)

    def percent(self, policy: Policy) -> float:
        """Return how many of the clauses' settled statuses are expected by some case, in a hundred."""
        sides = 2 * sum(clause.kind in SIDES for clause in policy.clauses.values())
        return 100 * (sides - len(self.unasserted(policy))) / sides

    def _without(self, counts: Counter[tuple[str, str]], policy: Policy) -> list[tuple[str, str]]:
        return [(id, status) for id, rows in self.rows(policy) for status, _ in rows[:2] if not counts[id, status]]


class Outcome(NamedTuple):
    """What became of one expected answer of the case called `name`: it holds if nothing differs."""

    name: str
    readings: Mapping[str, str]
    assume_absent: bool | None
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the answer is as expected."""
        return not self.differences

    @property
    def title(self) -> str:
        """The name of the case, and how it is run."""
        closed = {True: " --assume-absent", False: " --no-assume-absent", None: ""}[self.assume_absent]
        return self.name + "".join(f" {question}={option}" for question, option in self.readings.items()) + closed


def outcomes(engine: Engine, name: str, case: Case, coverage: Coverage) -> Iterator[Outcome]:
    """Yield what becomes of each expected answer of the case called `name`."""
    for expectation, found in check(engine, case, coverage):
        yield Outcome(name, expectation.readings, expectation.assume_absent, tuple(found))


def check(engine: Engine, case: Case, coverage: Coverage) -> Iterator[tuple[Expectation, list[str]]]:
    """Decide `case` for each of its expectations and yield what differs, in one sentence each.

    A reading that the policy does not offer differs too, and so does an expectation that checks nothing.
    """
    for expectation in case.expected:
        try:
            decision = engine.decide(case, expectation.readings, assume_absent=expectation.assume_absent)
        except ReadingError as error:
            yield expectation, [f"readings: {error}"]
            continue
        coverage.add(decision, expectation)
        yield expectation, list(differences(expectation, decision))


def differences(expected: Expectation, decision: Decision) -> Iterator[str]:
    """Yield how `decision` differs from what is expected; fields left out are not compared."""
    if not checks(expected):
        yield NOTHING_CHECKED
    words = {
        "recommendation": decision.recommendation or NO_RECOMMENDATION,
        "eligibility": decision.eligibility,
    }
    for name, found in words.items():
        wanted = getattr(expected, name)
        if wanted is not None and wanted != found:
            yield f"{name}: expected {wanted}, found {found}"
    flags = tuple(criterion.clause.id for criterion in decision.flags)
    for name, found_ids in (
        *((status, decision.ids(status)) for status in ("unmet", "violated", "undetermined")),
        ("flags", flags),
    ):
        ids: Iterable[str] | None = getattr(expected, name)
        if ids is not None and set(ids) != set(found_ids):
            yield f"{name}: expected {_listed(ids)}, found {_listed(found_ids)}"
    yield from _statuses(expected, decision)
    named = {node.field for node in decision.missing}
    for path in expected.missing or ():
        if path not in named:
            yield f"missing: expected {path} among the facts named, found {_listed(named)}"
    if expected.bodies is not None:
        statuses = {body.name: body.status for body in decision.bodies}
        for body, status in expected.bodies.items():
            if statuses.get(body.upper()) != status:
                yield f"{body}: expected {status}, found {statuses.get(body.upper(), 'not reported')}"
    if expected.units is not None and dict(expected.units) != dict(decision.units):
        yield f"units: expected {dict(expected.units)}, found {dict(decision.units)}"


def _statuses(expected: Expectation, decision: Decision) -> Iterator[str]:
    """Yield which single clauses have another status than expected."""
    found = {criterion.clause.id: criterion.status for criterion in decision.criteria}
    for id, wanted in expected.statuses.items():
        if found.get(id) != wanted:
            yield f"{id}: expected {wanted}, found {found.get(id, 'no such clause')}"
    for id in expected.not_violated or ():
        if found.get(id) not in ("clear", "undetermined"):
            yield f"{id}: expected not violated, found {found.get(id, 'no such clause')}"


def checks(expected: Expectation) -> bool:
    """Tell whether `expected` can differ from any answer at all."""
    single = (expected.recommendation, expected.eligibility, expected.unmet, expected.violated, expected.undetermined,
              expected.flags, expected.units)  # fmt: skip
    return any(value is not None for value in single) or bool(
        expected.statuses or expected.bodies or expected.not_violated or expected.missing
    )


def asserts(expected: Expectation, criterion: Criterion) -> bool:
    """Tell whether `expected` would notice if the clause of `criterion` had another status.

    A list names all clauses of a status, parts aside: one that it does not name has another status. Two lists pin a
    settled status, the one that names failures and the one of what is undetermined.
    """
    clause = criterion.clause
    if clause.id in expected.statuses:
        return True
    if clause.part_of is not None:
        return False
    failing = expected.unmet if clause.kind == "indication" else expected.violated
    if criterion.status in ("unmet", "violated"):
        return failing is not None
    if criterion.status == "undetermined":
        return expected.undetermined is not None
    return failing is not None and expected.undetermined is not None


def document(found: Iterable[Outcome], coverage: Coverage, policy: Policy) -> dict[str, Any]:
    """Return all outcomes and what they cover as JSON."""
    return {
        "outcomes": [
            {
                "case": outcome.name,
                "readings": dict(outcome.readings),
                "assume_absent": outcome.assume_absent,
                "holds": outcome.holds,
                "differences": list(outcome.differences),
            }
            for outcome in found
        ],
        "coverage": {
            "percent": round(coverage.percent(policy), 1),
            "seen": {id: dict(counts) for id, counts in coverage.rows(policy)},
            "not_seen": [list(item) for item in coverage.unseen(policy)],
            "not_asserted": [list(item) for item in coverage.unasserted(policy)],
        },
    }


def junit(found: Iterable[Outcome]) -> str:
    """Return all outcomes as a report in the XML form of JUnit, which build servers read."""
    from xml.etree import ElementTree

    rows = list(found)
    failures = sum(not outcome.holds for outcome in rows)
    suite = ElementTree.Element("testsuite", name="bvn test", tests=str(len(rows)), failures=str(failures), errors="0")
    for outcome in rows:
        file, _, case = outcome.title.partition("#")
        test = ElementTree.SubElement(suite, "testcase", classname=_printable(file), name=_printable(case or file))
        if not outcome.holds:
            text = _printable("\n".join(outcome.differences))
            ElementTree.SubElement(test, "failure", message=text.split("\n")[0]).text = text
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Return `text` with what no XML may hold written out."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "none"
