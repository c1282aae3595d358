"""What an audit says: findings with their certificates, and how they stand to those on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bvn_asp.analysis.audit.kinds import KINDS
from bvn_asp.errors import BvnError

if TYPE_CHECKING:
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.analysis.search import Witness
    from bvn_asp.policy.register import Policy

SEVERITIES = {
    "defect": "the policy cannot mean this",
    "redundant": "says nothing that is not said elsewhere",
    "notice": "a reader should know",
    "domain": "holds because of what records can be, not because of the policy",
    "text": "a defect of the text or the program, read and not proved",
}
"""How grave a finding is, gravest first."""


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    `check` and `subjects` name it: together they are its key in a file of accepted findings. `readings` are the ones
    it rests on, by question. Its certificate is `witnesses`, records with a word on what each shows, and `proofs`.
    """

    check: str
    subjects: tuple[str, ...]
    sentence: str
    clauses: tuple[str, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    witnesses: tuple[tuple[str, Witness], ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def severity(self) -> str:
        """How grave it is, as its kind."""
        return KINDS[self.check].severity

    @property
    def key(self) -> str:
        """The name by which a finding is accepted."""
        return " ".join((self.check, *self.subjects))


@dataclass(frozen=True)
class Audit:
    """All findings on `policy`; `checked` counts the claims that each check decided, and `unfinished` names the rest.

    `interrupted` tells that somebody stopped it. `accepted` holds the reason for each finding on record, by key.
    """

    policy: Policy
    findings: tuple[Finding, ...]
    checked: Mapping[str, int]
    unfinished: tuple[str, ...]
    interrupted: bool = False
    accepted: Mapping[str, str] = field(default_factory=dict)

    @property
    def new(self) -> tuple[Finding, ...]:
        """Findings that are not on record."""
        return tuple(finding for finding in self.findings if finding.key not in self.accepted)

    @property
    def vanished(self) -> tuple[str, ...]:
        """Keys on record that no finding has; none as long as the audit is unfinished."""
        found = {finding.key for finding in self.findings}
        return () if self.unfinished else tuple(key for key in self.accepted if key not in found)


class AcceptedError(BvnError):
    """A file of accepted findings cannot be read."""


def load_accepted(path: Path) -> dict[str, str]:
    """Return the reasons by key of the accepted findings in the YAML file at `path`; raise AcceptedError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AcceptedError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise AcceptedError(f"{path}: not a YAML file: {error}") from None
    if not isinstance(data, list):
        raise AcceptedError(f"{path}: expected a list of entries with `finding` and `reason`")
    reasons: dict[str, str] = {}
    for number, entry in enumerate(data, 1):
        if not isinstance(entry, dict) or set(entry) != {"finding", "reason"}:
            raise AcceptedError(f"{path}: entry {number}: expected `finding` and `reason`, and nothing else")
        if not all(isinstance(text, str) and text for text in entry.values()):
            raise AcceptedError(f"{path}: entry {number}: expected text for `finding` and for `reason`")
        if entry["finding"] in reasons:
            raise AcceptedError(f"{path}: entry {number}: {entry['finding']!r} is there twice")
        reasons[entry["finding"]] = entry["reason"]
    return reasons


def shipped_accepted() -> Path:
    """Return where the accepted findings of the shipped policy lie."""
    return Path(__file__).with_name("accepted.yaml")
