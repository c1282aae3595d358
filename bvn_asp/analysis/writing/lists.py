"""The lists of a found record: which entries each has, whether it is whole, and what is said of all at once."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

from bvn_asp.decision.conventions import HARMLESS, in_range
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.anatomy import SPANNING_DISCS, discs_between
from bvn_asp.record.table import FINDING_KINDS, SOURCES

if TYPE_CHECKING:
    from bvn_asp.analysis.writing.stated import Stated


class Lists:
    """The lists of what is `stated` in `room`.

    `sites`: every body and disc. `unremarkable`: assessment found nothing more that matters. `read`: the sources read
    in full. `cleared`: the sites without any Modic change.
    """

    def __init__(self, stated: Stated, room: Shape) -> None:
        self.stated, self.room = stated, room
        self.sites: dict[str, Term] = {body: body.lower() for body in room.bodies}
        self.sites |= {f"{a}-{b}": ("disc", a.lower(), b.lower()) for a, b in discs_between(room.bodies)}
        self._at_once()

    def places(self, name: str, kind: str = "") -> list[Term]:
        """Return the places of a list in their order."""
        count = {"modic": self.room.modic, "surgery": self.room.surgeries}.get(name, self.room.room(kind))
        return [(name, kind, place) if kind else (name, place) for place in range(1, count + 1)]

    def presence(self, entity: Term) -> bool | None:
        """Return whether an entry is stated to be there or not."""
        return self.stated.answers.get(("modic_present" if name_of(entity) == "modic" else "present", entity))

    def _at_once(self) -> None:
        """Find what is said of all places at once: nothing more that matters, sources read in full, levels clear."""
        findings = [self.places("finding", kind) for kind in FINDING_KINDS]
        lists = [*findings, self.places("surgery")]
        ahead = [next((e for e in places if not self.presence(e)), None) for places in lists]
        known = [e for e in ahead if e is not None]
        self.unremarkable = bool(known) and all(
            self.stated.answers.get((f, e)) is False for e in known for f in HARMLESS
        )
        told = [s for s in SOURCES if any(self._unseen(s, e) and not self.presence(e) for e in chain(*findings))]
        self.read: tuple[str, ...] = ()
        for self.read in (read for count in range(len(told), -1, -1) for read in combinations(told, count)):
            if all(map(self._as_read, FINDING_KINDS)):
                break
        self.cleared = [
            site
            for site, term in self.sites.items()
            if any(
                self.stated.answers.get(("at", change, term)) is False and not self._placing(change, site)
                for change in self.places("modic")
            )
        ]

    def sourced(self, term: Term) -> bool:
        """Tell whether something is known to show the finding that `term` speaks of."""
        entity = term[-1] if isinstance(term, tuple) and term[0] == "shown" else term
        return any(self.stated.answers.get(("shown", source, entity)) for source in SOURCES)

    def _unseen(self, source: str, entity: Term) -> bool:
        """Tell whether a source is stated not to show a finding."""
        return self.stated.answers.get(("shown", source, entity)) is False

    def _as_read(self, kind: str) -> bool:
        """Tell whether the sources read in full say of findings of a kind what is stated of them, and nothing else."""
        entries, _ = self.listed("finding", kind)
        return all(
            ("shown", source, entity) in self.stated.answers or not self.sourced(entity)
            if entity in entries
            else self._unseen(source, entity) == (source in self.read)
            for entity in self.places("finding", kind)
            for source in (self.read if entity in entries else SOURCES)
        )

    def _placing(self, entity: Term, site: str) -> bool:
        """Tell whether the levels of an entry say whether it lies at a site."""
        if not self.stated.answers.get(("placed", entity)):
            return False
        spanning = site in SPANNING_DISCS and not self.stated.excluded.get("lumbar_count", set()) >= {"five", "six"}
        return self.exact(entity) or spanning or not in_range(site)

    def exact(self, entity: Term) -> bool:
        """Tell whether it is stated of every site whether an entry lies there."""
        return all(("at", entity, term) in self.stated.answers for term in self.sites.values())

    def _suspected(self, entity: Term) -> bool:
        """Tell whether anything is said of an entity that may be there by itself, or that it is not left out."""
        if name_of(entity) == "modic" and "imaging" in self.read:
            return True
        if ("present", entity) in self.stated.absent:
            return False
        # What is no entry, a complete record leaves out, and a source read in full does not show.
        unshown = any(("shown", source, entity) not in self.stated.answers for source in self.read)
        if name_of(entity) == "finding" and (self.stated.absent or unshown):
            return True
        for subject in (*self.stated.answers, *self.stated.excluded, *self.stated.low, *self.stated.high):
            if isinstance(subject, tuple) and entity in subject[1:] and subject[0] not in ("present", "modic_present"):
                general = (
                    (self.unremarkable and subject[0] in HARMLESS)
                    or (subject[0] == "shown" and subject[1] in self.read)
                    or (subject[0] == "at" and name_of(entity) == "modic")
                )
                if not (general and self.stated.answers.get(subject) is False):
                    return True
        return False

    def listed(self, name: str, kind: str = "") -> tuple[list[Term], bool]:
        """Return the entries of a list, and whether it is whole."""
        places = self.places(name, kind)
        last = max(
            (
                place
                for place, entity in enumerate(places, 1)
                if self.presence(entity)
                or (self.presence(entity) is None and self._suspected(entity))
                or (self.presence(entity) is None and place < len(places) and self.presence(places[place]) is not False)
            ),
            default=0,
        )
        return places[:last], last == len(places) or self.presence(places[last]) is False
