"""The schemas of what commands other than decide print as JSON. Each document is closed."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from bvn_asp.report.schema import DecisionDocument, closed

Record = dict[str, Any]
"""A case file as plain data: see `bvn schema`."""


class PolicyVersion(TypedDict):
    """The policy that was searched."""

    version: str
    sha256: str


class DepartureDocument(TypedDict):
    """Where a record departs from the unremarkable patient: field, words, and what it is now and usually."""

    field: str
    words: str
    now: str
    usual: str


class FoundAnswer(TypedDict):
    """A record that fits a query: its kind in words, what it is decided under each run, and how it departs."""

    kind: str
    decisions: list[dict[str, Any]]
    departures: list[DepartureDocument]
    record: Record


class FoundProof(TypedDict):
    """What a proof rests on: clauses, limits and readings; and the engine that checked it, if one did."""

    premises: list[dict[str, str | None]]
    confirmed_by: str | None


class RoomDocument(TypedDict):
    """The room of a search: bodies, and how many findings of a kind, surgeries and Modic changes a record has.

    `crowded`: the kinds of finding that have more room.
    """

    bodies: list[str]
    findings: int
    surgeries: int
    modic: int
    crowded: dict[str, int]


class FindDocument(TypedDict):
    """What `bvn find --json` prints; `none` tells that a proof covers every record, `files` what was written."""

    schema: str
    notice: str
    policy: PolicyVersion
    query: str
    runs: list[dict[str, str]]
    answers: list[FoundAnswer]
    count: int
    complete: bool
    stopped: str | None
    documented_only: bool
    none: bool
    proofs: list[FoundProof]
    room: RoomDocument
    files: list[str]


class VerdictDocument(TypedDict):
    """Whether an assertion holds of every record: a proof, or counterexamples; `holds` is null if undecided."""

    name: str | None
    assertion: str
    holds: bool | None
    stopped: str | None
    counterexamples: list[FoundAnswer]
    proof: FoundProof | None


class ProveDocument(TypedDict):
    """What `bvn prove --json` prints."""

    schema: str
    results: list[VerdictDocument]


class ChangeDocument(TypedDict):
    """One change of a fact: before and after in words, how far from the limit, and who can make it."""

    field: str
    words: str
    before: str
    after: str
    distance: str
    kind: str


class ChangesDocument(TypedDict):
    """Changes that together reach an outcome, what the changed record is decided, and that record."""

    cost: int
    changes: list[ChangeDocument]
    decided: str | None
    record: Record


class ObstaclePremise(TypedDict):
    """A clause, limit or reading by which what cannot change stands in the way."""

    kind: str
    clause: str
    quantity: str
    words: str


class ObstacleDocument(TypedDict):
    """Facts that nobody can change, and by what they stand in the way."""

    facts: list[str]
    premises: list[ObstaclePremise]


class WhatIfDocument(TypedDict):
    """What `bvn whatif --json` prints; `settlements` are sets of changes for each outcome of a pended case."""

    file: str
    notice: str
    now: str | None
    wanted: str
    reached: bool
    complete: bool
    stopped: str
    unreachable: bool
    sets: list[ChangesDocument]
    obstacles: list[ObstacleDocument]
    settlements: dict[str, list[ChangesDocument]]
    requests: list[list[str]]


class HereDocument(TypedDict):
    """The one side of a comparison."""

    name: str
    readings: dict[str, str]


class ThereDocument(HereDocument):
    """The other side, and the criteria that are set aside in it."""

    waived: list[str]


class ExampleDocument(TypedDict):
    """A record on which two sides differ: its status on each, and what both decide."""

    here: str
    there: str
    decided: list[str | None]
    departures: list[str]
    record: Record


class ComparisonDocument(TypedDict):
    """How two sides differ in one clause or body, or overall, with an example for each direction.

    `unstated`: by direction, what a difference hangs on that no case file can state.
    """

    id: str
    verdict: str
    proved: str
    engine: str
    examples: dict[str, ExampleDocument]
    unstated: dict[str, list[str]]


class DiffRoom(TypedDict):
    """The records that were compared."""

    bodies: list[str]
    surgeries: int
    modic: int


class DiffDocument(TypedDict):
    """What `bvn diff --json` prints."""

    notice: str
    here: HereDocument
    there: ThereDocument
    room: DiffRoom
    stopped: str
    vocabulary: list[str]
    overall: ComparisonDocument
    clauses: list[ComparisonDocument]
    bodies: list[ComparisonDocument]


class AuditPolicy(TypedDict):
    """The policy that was audited."""

    name: str
    version: str
    sha256: str


class FindingClause(TypedDict):
    """A clause that a finding is about."""

    id: str
    citation: str
    label: str


class WitnessDocument(TypedDict):
    """A record that shows something, and the whole decision on it."""

    shows: str
    case: Record
    readings: dict[str, str]
    departures: list[str]
    decision: DecisionDocument


class CertificatePremise(TypedDict):
    """What a certificate rests on."""

    kind: str
    clause: str
    quantity: str


class CertificateDocument(TypedDict):
    """A proof that there is no record of some kind: of what, by what, of which records, checked by which engine."""

    goal: str
    premises: list[CertificatePremise]
    words: list[str]
    records: str
    engine: str


class FindingDocument(TypedDict):
    """One finding of an audit with its certificate; `accepted` is the reason on record, or null."""

    key: str
    check: str
    subjects: list[str]
    severity: str
    sentence: str
    clauses: list[FindingClause]
    readings: dict[str, str]
    accepted: str | None
    witnesses: list[WitnessDocument]
    proofs: list[CertificateDocument]


class AuditDocument(TypedDict):
    """What `bvn audit --json` prints; `checked`: how many claims of each check were decided."""

    schema: str
    notice: str
    policy: AuditPolicy
    checked: dict[str, int]
    unfinished: list[str]
    vanished: list[str]
    findings: list[FindingDocument]


class QuestionDocument(TypedDict):
    """An open question of the policy; under an option that is `barren` no request is ever approved."""

    id: str
    where: str
    text: str
    options: dict[str, str]
    default: str
    why: str
    barren: list[str]


class OptionOutcome(TypedDict):
    """What an option decides: a recommendation, or without a request an eligibility; and each body's status."""

    recommendation: NotRequired[str]
    eligibility: NotRequired[str]
    bodies: dict[str, str]


class ReadingsDocument(TypedDict):
    """What `bvn readings CASE --json` prints: by question and option what is decided, and which questions matter."""

    file: str
    depends_on: list[str]
    outcomes: dict[str, dict[str, OptionOutcome]]


class ExpectationDocument(TypedDict):
    """One expected answer, and how what came out differs from it."""

    case: str
    readings: dict[str, str]
    assume_absent: bool | None
    holds: bool
    differences: list[str]


class CoverageDocument(TypedDict):
    """How often each clause was seen with each status, and what was not seen or not asserted."""

    percent: float
    seen: dict[str, dict[str, int]]
    not_seen: list[list[str]]
    not_asserted: list[list[str]]


class TestDocument(TypedDict):
    """What `bvn test --json` prints."""

    outcomes: list[ExpectationDocument]
    coverage: CoverageDocument


DOCUMENTS: dict[str, Any] = {
    "find": FindDocument, "prove": ProveDocument, "whatif": WhatIfDocument, "diff": DiffDocument,
    "audit": AuditDocument, "questions": list[QuestionDocument], "readings": ReadingsDocument, "test": TestDocument,
}  # fmt: skip
"""The documents by the command that prints them; `readings` prints questions, if no case is given."""


def schema_of_document(command: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints as JSON."""
    return closed(DOCUMENTS[command], f"bvn-{command}/1")
