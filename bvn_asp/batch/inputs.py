"""What a block of rows states, as the inputs of a ground program: a bit for each case.

`facts` translates one case; this is the same translation by whole columns, and tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bvn_asp.bands import representative
from bvn_asp.batch.columns import domains
from bvn_asp.batch.entries import LEVELS, Masks, Texts
from bvn_asp.batch.kernel import Words
from bvn_asp.batch.rows import Rows
from bvn_asp.batch.words import Flags, answers, pack, scatter, valid_words
from bvn_asp.facts import ANATOMY, ANSWERS, CHOICES
from bvn_asp.spine import BODIES
from bvn_asp.terms import Term, arguments_of, name_of, subject_of

Pair = tuple[Words, Words]
"""Where something is stated to be so, and where it is stated not to be."""
_ANSWERS = {term: path.replace(".", "_") for path, term in ANSWERS}
_CHOICES = {term: path.replace(".", "_") for path, term in CHOICES}
LISTS = {"finding": "findings_present", "surgery": "surgeries", "modic": "mri_modic_changes"}
ENTRY_ANSWERS = {
    "radiologist_states": "stated_by_radiologist", "clinician_states": "stated_by_clinician",
    **{name: name for name in ("correlates", "likely_source", "complicates", "facet_pain", "healed", "active")},
}  # fmt: skip
ENTRY_CHOICES = {
    "modic_type": "type", "surgery_kind": "kind", "radicular_outcome": "radicular_pain", "shape": "shape",
}  # fmt: skip
JUDGED = ("likely_source", "complicates")
SHOWN_BY = {"on_imaging": "imaging", "on_assessment": "clinical_assessment"}
_STATUS = "conservative_care_therapies_{}_status"


class Inputs:
    """The inputs that a block of rows states; `quantities` is the quantity of every number."""

    def __init__(self, rows: Rows, quantities: Mapping[Term, str]) -> None:
        self.rows, self.quantities = rows, quantities
        self._pairs: dict[Term, Pair | None] = {}
        self._bands: dict[Term, dict[int, Words]] = {}

    def plane(self, term: Term) -> Words | None:
        """Return the cases in which the input `term` holds, or None if no case can state it."""
        subject, form = subject_of(term), name_of(term)
        if form in ("yes", "no"):
            pair = self.pair(subject)
            return None if pair is None else pair[form == "no"]
        if form == "assumed_absent":
            return self.assumed(subject)
        if not isinstance(term, tuple) or len(term) < 3:
            return None
        if form == "value":
            return self.bands(subject).get(int(str(term[2])))
        if form == "is":
            return self.choice(subject, str(term[2]))
        return self.rows.anatomy.get(str(term[2])) if (form, subject) == ("selected", ANATOMY) else None

    def stated(self, subject: Term) -> Words | None:
        """Return the cases that state `subject` one way or another, or None if none can."""
        pair = self.pair(subject)
        if pair is not None:
            return pair[0] | pair[1]
        number = self.rows.number(subject)
        return self.choice(subject, None) if number is None else pack(number[1])

    def assumed(self, subject: Term) -> Words | None:
        """Return the cases whose record is complete, leaves `subject` unstated, and may thus be taken to lack it."""
        stated = self.stated(subject) if name_of(subject) in self.rows.policy.closable else None
        return None if stated is None else self.rows.closed & ~stated

    def pair(self, subject: Term) -> Pair | None:
        """Return where the fact `subject` is stated to be so and not to be, or None if it is no fact of a record."""
        if subject not in self._pairs:
            find = _FACTS.get(name_of(subject), Inputs._answered)
            self._pairs[subject] = find(self, subject)
        return self._pairs[subject]

    def choice(self, subject: Term, value: str | None) -> Words | None:
        """Return the cases that choose `value`, or any value if it is None; None if a record has no such choice."""
        rows, name = self.rows, name_of(subject)
        if subject in _CHOICES:
            column = _CHOICES[subject]
            found, vocabulary = rows.words(column), domains()[column].words
        elif name in ENTRY_CHOICES:
            place, cases, entries = rows.entity(subject_of(subject))
            vocabulary = domains()[f"{LISTS[name_of(subject_of(subject))]}.{ENTRY_CHOICES[name]}"].words
            found = entries.words(ENTRY_CHOICES[name], vocabulary)[place]
        else:
            return None
        if value is not None and value not in vocabulary:
            return None
        chosen = found >= 0 if value is None else found == vocabulary.index(value)
        return pack(chosen) if subject in _CHOICES else scatter(cases[chosen], rows.count)

    def bands(self, subject: Term) -> dict[int, Words]:
        """Return the cases of every band of the number `subject`, by the band's representative."""
        if subject not in self._bands:
            self._bands[subject] = self._banded(subject)
        return self._bands[subject]

    def _banded(self, subject: Term) -> dict[int, Words]:
        number = self.rows.number(subject)
        limits = self.rows.setting.limits.get(self.quantities.get(subject, ""), [])
        found: dict[int, Words] = {}
        if number is None or not limits:
            return found
        values, known = number[0], pack(number[1])
        below = self.rows.nowhere
        for limit in sorted(set(limits)):
            less, most = pack(values < limit), pack(values <= limit)
            for band, words in ((representative(limit - 1, limits), less & ~below), (limit, most & ~less)):
                found[band] = found.get(band, self.rows.nowhere) | (words & known)
            below = most
        above = representative(limits[-1] + 1, limits)
        found[above] = found.get(above, self.rows.nowhere) | (known & ~below)
        return found

    def _answered(self, subject: Term) -> Pair | None:
        name = _ANSWERS.get(subject)
        return None if name is None else answers(self.rows.column(name))

    def _treated(self, subject: Term) -> Pair:
        treatment, wanted = str(subject_of(subject)), name_of(subject)
        column = _STATUS.format(treatment)
        status, place = self.rows.words(column), domains()[column].words.index(wanted)
        so, otherwise = answers(self.rows.column(f"conservative_care_therapies_{treatment}_{wanted}"))
        return so | pack(status == place), otherwise | pack((status >= 0) & (status != place))

    def _drug(self, subject: Term) -> Pair:
        name = "conservative_care_therapies_pharmacotherapy_drug_classes"
        vocabulary = domains()[name].words
        texts = Texts(self.rows.column(name), vocabulary)
        so = _bit(texts.masks, vocabulary.index(str(subject_of(subject))))
        return pack(so), pack(~so & texts.known)

    def _present(self, subject: Term) -> Pair:
        entity = subject_of(subject)
        _, cases, entries = self.rows.entity(entity)
        so = scatter(cases, self.rows.count)
        if arguments_of(entity)[-1] != 1:
            return so, self.rows.everywhere & ~so
        if name_of(entity) != "finding":
            return so, entries.known_words & ~so
        kind = domains()["findings_absent"].words.index(str(arguments_of(entity)[0]))
        return so, pack(_bit(self.rows.absent, kind)) & ~so

    def _described(self, subject: Term) -> Pair:
        """Return what entries answer, and what the absence of other pathology answers for one that is not stated."""
        entity, name = subject_of(subject), name_of(subject)
        place, cases, entries = self.rows.entity(entity)
        if not len(place) and not (name in JUDGED and arguments_of(entity)[-1] == 1):
            return self.rows.nowhere, self.rows.nowhere
        so, otherwise = entries.answers(ENTRY_ANSWERS[name])
        yes, no = scatter(cases[so[place]], self.rows.count), scatter(cases[otherwise[place]], self.rows.count)
        if name in JUDGED and arguments_of(entity)[-1] == 1:
            present = self.pair(("present", entity)) or (yes, no)
            no = no | (self._nothing_else & ~present[0] & ~present[1])
        return yes, no

    @cached_property
    def _nothing_else(self) -> Words:
        return valid_words(self.rows.column("findings_additional_pathology"))

    def _listed(self, entity: Term, name: str, vocabulary: tuple[str, ...], item: str) -> Pair:
        place, cases, entries = self.rows.entity(entity)
        if not len(place):
            return self.rows.nowhere, self.rows.nowhere
        masks, known = entries.masks(name, vocabulary)
        so = _bit(masks[place], vocabulary.index(item))
        return scatter(cases[so], self.rows.count), scatter(cases[~so & known[place]], self.rows.count)

    def _at(self, subject: Term) -> Pair:
        entity, site = arguments_of(subject)
        if name_of(entity) == "finding" and str(arguments_of(entity)[0]) not in self.rows.policy.located_kinds:
            return self.rows.nowhere, self.rows.nowhere
        level = "-".join(map(str, site[1:])) if isinstance(site, tuple) else str(site)
        return self._listed(entity, "levels", LEVELS, level.upper())

    def _shown(self, subject: Term) -> Pair:
        vocabulary = domains()["findings_present.shown_by"].words
        return self._listed(subject_of(subject), "shown_by", vocabulary, SHOWN_BY[name_of(subject)])

    def _feature(self, subject: Term) -> Pair:
        vocabulary = domains()["mri_modic_changes.features"].words
        return self._listed(subject_of(subject), "features", vocabulary, str(arguments_of(subject)[1]))

    def _endplate(self, subject: Term) -> Pair:
        place, cases, entries = self.rows.entity(subject_of(subject))
        if not len(place):
            return self.rows.nowhere, self.rows.nowhere
        vocabulary = domains()["mri_modic_changes.endplate"].words
        shown = entries.words("endplate", vocabulary)[place]
        so = (shown == vocabulary.index(str(arguments_of(subject)[1]))) | (shown == vocabulary.index("both"))
        return scatter(cases[so], self.rows.count), scatter(cases[~so & (shown >= 0)], self.rows.count)

    def _ablated(self, subject: Term) -> Pair:
        entries, count = self.rows.ablations, self.rows.count
        masks, known = entries.masks("bodies", BODIES)
        here = _bit(masks, BODIES.index(str(subject_of(subject)).upper()))
        so = scatter(entries.rows[here], count)
        if name_of(subject) == "ablated":
            somewhere = ~entries.known_words | scatter(entries.rows[~known], count)
            return so, self.rows.everywhere & ~so & ~somewhere
        stated, denied = entries.answers(name_of(subject).removeprefix("ablation_"))
        some = scatter(entries.rows[here & stated], count)
        return some, so & ~scatter(entries.rows[here & ~denied], count)

    def _requested(self, subject: Term) -> Pair:
        so = pack(_bit(self.rows.requested, BODIES.index(str(subject_of(subject)).upper())))
        return so, self.rows.everywhere & ~so


def _bit(masks: Masks, place: int) -> Flags:
    flags: Flags = (masks & np.uint64(1 << place)) != 0
    return flags


_FACTS: dict[str, Callable[[Inputs, Any], Pair | None]] = {
    **dict.fromkeys(("received", "contraindicated"), Inputs._treated),
    "drug_class": Inputs._drug,
    **dict.fromkeys(("present", "modic_present"), Inputs._present),
    **dict.fromkeys(ENTRY_ANSWERS, Inputs._described),
    **dict.fromkeys(SHOWN_BY, Inputs._shown),
    "at": Inputs._at,
    "feature": Inputs._feature,
    "endplate": Inputs._endplate,
    **dict.fromkeys(("ablated", "ablation_completed", "ablation_thermal"), Inputs._ablated),
    "requested": Inputs._requested,
}
