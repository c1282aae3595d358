"""What the records of an atlas notice: small edits of the policy, and which of them are recommended otherwise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.analysis.mutants import Answer, survey

if TYPE_CHECKING:
    from bvn_asp.analysis.atlas import Atlas, Entry


@dataclass(frozen=True)
class Survey:
    """Small edits of a policy: how many of each outcome, and the names of those that nothing shows."""

    outcomes: Counter[str]
    survivors: tuple[str, ...]

    @property
    def judged(self) -> int:
        """How many edits were judged."""
        return self.outcomes.total()

    @property
    def by_pairs_of_their_own(self) -> int:
        """How many edits that the other pairs do not notice got a pair of their own."""
        return self.outcomes["alive"] - len(self.survivors)


def surveyed(made: Atlas, entries: list[Entry], every: int, progress: Callable[[str], object]) -> Survey:
    """Judge every so many edits by the pairs; one that is left alive gets a pair of its own, if there is one."""
    counts, survivors = Counter[str](), list[str]()
    for verdict in survey(made.policy.text, answers(entries), every=every):
        counts[verdict.outcome] += 1
        progress(f"{counts.total()} edits of the policy so far")
        if verdict.outcome == "alive":
            entry = made.edited(verdict)
            if entry.pair is None:
                survivors.append(verdict.mutant.name)
            else:
                entries.append(entry)
    return Survey(counts, tuple(survivors))


def answers(entries: Iterable[Entry]) -> list[Answer]:
    """Return the records of all pairs, with the readings that their pairs name, each once."""
    found: dict[str, Answer] = {}
    for entry in entries:
        for twin in entry.pair.twins if entry.pair else ():
            witness = twin.witness
            key = json.dumps([witness.record, dict(witness.readings)], sort_keys=True)
            found.setdefault(key, Answer(witness.case, witness.readings, twin.recommendation))
    return list(found.values())
