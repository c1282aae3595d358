"""The entries of a store, and what the commands about it print as JSON: models with published schemas.

The hash of an entry is that of its document without the hash, as `canonical` writes it. It covers the hash of the entry
before it, and those of what the entry rests on: the case, the decision and the policy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

REVIEW: Literal["bvn-review/1"] = "bvn-review/1"
REPLAY: Literal["bvn-replay/1"] = "bvn-replay/1"
VERIFICATION: Literal["bvn-verification/1"] = "bvn-verification/1"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CaseOf(_Model):
    """The case that was asked about: what it was called, and the hash of what it states."""

    name: str
    sha256: Sha256


class PolicyOf(_Model):
    """The policy that decided; its hash is that of its program."""

    name: str
    version: str
    revised: str
    sha256: Sha256


class OutcomeOf(_Model):
    """What came out, in short; the hash is that of the whole decision, with every status and reason.

    `recommendation` is null if nothing was requested. `requested` and `granted` are bodies.
    """

    recommendation: str | None
    eligibility: str
    requested: tuple[str, ...]
    granted: tuple[str, ...]
    sha256: Sha256


class _Entry(_Model):
    schema_: Literal["bvn-review/1"] = Field(default=REVIEW, alias="schema")
    number: Number
    previous: Sha256 = Field(description="hash of the entry before this one")
    sha256: Sha256 = Field(description="hash of this entry, written without it as canonical JSON")
    at: str = Field(description="when it was kept: date and time in UTC, of the clock of that computer")
    program: str = Field(description="the program that kept it, with its version")


class Kept(_Entry):
    """An entry: a case was decided.

    `readings` are those that were chosen; which were taken by default says the decision. `assume_absent` is what was
    asked for, null if it was left to the record.
    """

    kind: Literal["decision"] = "decision"
    case: CaseOf
    policy: PolicyOf
    readings: dict[str, str]
    assume_absent: bool | None
    outcome: OutcomeOf


class Signature(_Entry):
    """An entry: a person decided.

    `of` is the number of the decision that was signed. An amendment names the signature that it `amends`, and says
    `why`. `comments` are by criterion or body.
    """

    kind: Literal["signature"] = "signature"
    of: Number
    amends: Number | None
    reviewer: str
    decision: str
    bodies: tuple[str, ...]
    comment: str
    comments: dict[str, str]
    why: str


Entry = Annotated[Kept | Signature, Field(discriminator="kind")]


@dataclass(frozen=True)
class Review:
    """A decision that was kept, and its signatures: the first, then the amendments, the last of which counts."""

    kept: Kept
    signatures: tuple[Signature, ...] = ()

    @property
    def final(self) -> Signature | None:
        """What a person decided, as far as it is known now."""
        return self.signatures[-1] if self.signatures else None


class ReviewDocument(_Model):
    """One entry as it is exported; for a decision, with the case as it was given and the whole decision."""

    entry: Entry
    given: dict[str, Any] | None = Field(default=None, description="a case, see `bvn schema`")
    decision: dict[str, Any] | None = Field(default=None, description="see `bvn schema --decision`")


class ReviewLine(_Model):
    """One decision and what became of it, as `bvn reviews list` prints it; `final` is the last signature, if any."""

    decision: Kept
    final: Signature | None


class CitationOf(_Model):
    """Where the document says it; `references` are the numbers of its own list of references."""

    section: str
    item: str
    references: tuple[int, ...]


class ChangeDocument(_Model):
    """One thing that came out otherwise.

    `kind` is recommendation, eligibility, criterion, body, units, or reading: a question that was read otherwise. What
    one of the two policies does not know is null there.
    """

    kind: Literal["recommendation", "eligibility", "criterion", "body", "units", "reading"]
    id: str
    before: str | None
    after: str | None
    label: str = ""
    citation: CitationOf | None = None
    part_of: str | None = None


class ReplayDocument(_Model):
    """A kept case decided again; `problem` says why it could not be, and `changes` are then empty."""

    schema_: Literal["bvn-replay/1"] = Field(default=REPLAY, alias="schema")
    number: Number
    case: CaseOf
    policy: PolicyOf
    readings: dict[str, str]
    recommendation: str | None
    outcome_changed: bool
    changes: tuple[ChangeDocument, ...]
    final: Signature | None
    problem: str


class ProblemDocument(_Model):
    """Something that is not as it was kept; `number` is that of the entry, null if it is of none."""

    number: int | None
    problem: str


class VerificationDocument(_Model):
    """Whether a store is as it was written; `head` is the hash of its last entry, to be noted elsewhere."""

    schema_: Literal["bvn-verification/1"] = Field(default=VERIFICATION, alias="schema")
    intact: bool
    entries: int
    decisions: int
    signatures: int
    head: str
    problems: tuple[ProblemDocument, ...]


_ENTRIES: TypeAdapter[Kept | Signature] = TypeAdapter(Entry)


def canonical(content: Any) -> str:
    """Return `content` as the one JSON text of which hashes are taken: ASCII, sorted fields, no spaces.

    A Decimal is written as text, which a case reads as the same number.
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)


def writable(text: str) -> str:
    """Return `text` with what no UTF-8 can hold, such as a piece of a file name that is none, written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def sha256_of(text: str) -> str:
    """Return the hash of `text` in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_entry(text: str, sha256: str) -> Kept | Signature:
    """Return the entry of the document `text` that has this hash; raise ValueError if it is none."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("not an entry")
    return _ENTRIES.validate_json(json.dumps({**content, "sha256": sha256}))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of everything that `bvn reviews` prints as JSON."""
    printed: TypeAdapter[Any] = TypeAdapter(ReviewDocument | ReviewLine | ReplayDocument | VerificationDocument)
    return printed.json_schema(by_alias=True) | {"$id": REVIEW}
