"""A second opinion: the coverage document judged again in plain Python, to be compared with the program.

What a record leaves open is split into independent factors: the sets of adverse facts ("marks") it may cause. More
marks never help, so the least and the greatest reachable sets show all that completions can give. Readings taken here:
- Obligations as a norm exclude nobody; as a fact items 20 and 21 are violated where kept. `precedence = indications`
  leaves the exclusions their status and no effect. Without a request, criteria about bodies are met or clear.
- A qualifying Modic change opens every body by default, none if there is none; segments follow the endplate if stated.
- `partial` may leave open which bodies (`units` None). Units asked for are compared with permissible bodies asked for.
- `disc_range` is about discs; bodies L3 to S1 are within. `following_items` reaches items 9 to 13. Cancer is active.
- Outside the vertebra: disc, stenosis, facet, sacroiliac joint, other pathology; the rest, judged the source, touches
  Indications 5, and whatever could complicate does. Healed and active matter at the treated level and for mere
  presence, not for a stated judgement; so do suspected facet pain (item 15), facet pain and significance (item 22).
- Items 15 and 22: a likely source, in item 15 on imaging. A surgery judged the source violates item 22 as a whole, not
  its parts, and does not reach item 15. A finding may be shown by neither source.
- `any_listed`: what the item lists counts by presence (item 15: lumbar stenosis), the rest by judgement. Item 9 takes
  claudication of any rank. Item 7 excepts discectomy and laminectomy without
  pain that persists. A diagnosis beside an unmentioned score violates item 10 by default, an unknown score leaves it
  open; a complete record without a diagnosis has no score.
- A therapy counts if it was received, and needs no excuse then; one that is contraindicated and was not received leaves
  the pool, the injections only if both kinds do. An injection of unstated kind is one of the two; unmentioned there is
  none, unknown it is open. Certainly received or begun therapies show the course, undirected exercise too, unless it
  begins after the request. Dated care ends with the request, whenever that was. Care is documented unless it is said to
  be missing, not attached, or unknown.
- Nothing closes a list called unknown. A level that the anatomy lacks shows no Modic change and can be excluded by
  its name. Slip grade has no effect. Behavioural health: assessed, recorded, resources. The closed world does not touch
  Indications 5, 7 and 9.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, TypeVar

T = TypeVar("T")
Case = Mapping[str, Any]
Marks = frozenset[str]
Factor = Iterable[Marks]
Bools = frozenset[bool]
Place = tuple[str, ...]
Treatment = tuple[bool, bool, bool]  # received, begun, contraindicated
Treated = tuple[bool, bool]  # received, contraindicated
States = frozenset[Treated]

OPTION_TABLE = """obligations=norm,fact precedence=indications body_range=unrestricted disc_level=whole_segment
modic_scope=same_body,motion_segment impermissible_bodies=all_or_nothing extrusion_size=any_extrusion injections=two
contraindicated_therapies=count_as_done,waive,no_effect osteoporosis=score,diagnosis_and_score,either
disc_range=touching earlier_ablation=any,completed,thermal healed_fracture=counts could_explain=any_listed
anaesthesia=criterion correlation_scope=following_items severity_source=anyone care_record=attached
vertebral_pathology=of_the_vertebra"""
OPTIONS = dict(one.split("=") for one in OPTION_TABLE.split())
LETTERS = {"i3": "abcdef", "i4": "ab", "i7": "ab", "n8": "abcd", "n14": "abcd", "n22": "ab"}
PARTS = tuple(name + letter for name, letters in LETTERS.items() for letter in letters)
CRITERIA = (*(f"i{number}" for number in range(1, 11)), *(f"n{number}" for number in range(1, 23)), *PARTS)
PATIENT = ("n3 systemic", *(set(CRITERIA) - {"i7", "i9", "i10", "n3", "n7", "n12", "n20", "n21", *PARTS}))
UNITS: tuple[dict[str, int], ...] = ({}, {"64628": 1}, {"64628": 1, "64629": 1}, {"64628": 1, "64629": 2})
WORDS = {"i": ("met", "unmet"), "n": ("clear", "violated"), "e": ("eligible", "not_eligible")}
WORDS |= dict.fromkeys("CTLS", ("permissible", "refused"))
FRACTURES = frozenset({"compression_fracture", "traumatic_fracture", "trauma"})
LISTED_5 = FRACTURES | {"tumor", "infection", "deformity"}
VERTEBRAL = LISTED_5 | {"spondylolisthesis", "spondylolysis", "segmental_instability", "degenerative_scoliosis"}
KINDS = sorted({*VERTEBRAL, "disc_herniation", "stenosis", "facet_arthropathy", "sacroiliac_joint", "other_pathology"})
LISTED_15 = frozenset(KINDS) - LISTED_5 - {"spondylolysis", "sacroiliac_joint", "other_pathology"}
LISTED_22 = (LISTED_5 - {"trauma"}) | {"stenosis", "facet_arthropathy"}
SIMPLE_THERAPIES = ("activity_avoidance", "physical_therapy", "chiropractic", "cognitive_therapy", "pharmacotherapy")
INJECTIONS = ("epidural_injection", "facet_injection", "unspecified_injection")
DEEP = frozenset({"moderate", "deep", "general"})
CHOICE_TABLE = """cardiac_compromise=none,mild,moderate,severe pulmonary_compromise=none,mild,moderate,severe
clinician_severity=none,mild,moderate,severe patient_severity=none,mild,moderate,severe
spinal_cancer=none,history,active neurogenic_claudication=absent,secondary,primary
radiculopathy=absent,secondary,primary facet_pain=no,suspected,yes radicular_pain=absent,secondary,primary
nerve_compression=absent,secondary,primary pain_improved=no,wore_off,yes disability_improved=no,wore_off,yes
planned=none,local,mild,moderate,deep,general shape=protrusion,extrusion
status=received,begun,ordered,not_received,contraindicated type=type_1,type_2,type_3,type_1_2,type_1_3,type_2_3
endplate=superior,inferior,both certainty=certain,suspected lumbar_vertebrae=four,five,six
surgery=discectomy,laminectomy,laminotomy,foraminotomy,fusion,vertebral_augmentation,disc_replacement,other"""
CHOICES = {key: tuple(words.split(",")) for key, words in (one.split("=") for one in CHOICE_TABLE.split())}
RULES = """n6:neurogenic_claudication=primary claudication:!neurogenic_claudication=absent i2:!low_back
i2:!functional_deficit i3:pain_improved=yes i3:disability_improved=yes i6:!assessed i6:!recorded i6:!resources_provided
n2:cardiac_compromise=severe n2:pulmonary_compromise=severe n3:systemic_infection n5:pregnancy n4:bleeding_diathesis
n6:radiculopathy=primary n6:radicular_pain=primary n6:nerve_compression=primary
n11:fragility_fracture:?fragility_fracture_correlates n13:spinal_cancer=active:?spinal_cancer_correlates
n17:systemic_disease:limits_quality_of_life:!objective_stated n18:substance_use_active:!substance_use_treated
n19:pulse_generator:!precautions_taken n19:other_electronic_implant:!precautions_taken"""
STEP, HUGE, FIRST_DAY, LAST_DAY = Decimal("0.000001"), Decimal(10_000_000), 1, date.max.toordinal()
NO, YES, EITHER = frozenset({False}), frozenset({True}), frozenset({True, False})
NOTHING: Marks = frozenset()
NEVER: Treatment = (False, False, False)
TREATMENTS = [one for one in product((False, True), (False, True), (False, True)) if one[0] <= one[1]]
OF_STATUS: dict[str, Treatment] = {
    "received": (True, True, False),
    "begun": (False, True, False),
    "contraindicated": (False, False, True),
}


@dataclass(frozen=True)
class Answer:
    """What holds of a case: statuses by criterion and body, the decision, the units granted (None: open) and flags."""

    criteria: Mapping[str, str]
    bodies: Mapping[str, str]
    eligibility: str
    recommendation: str
    units: Mapping[str, int] | None
    flags: tuple[str, ...]


def _choice(value: Any, words: tuple[str, ...]) -> frozenset[str]:
    negative = frozenset(words) & {"no", "absent", "none"}
    groups = {word: frozenset({word}) for word in words} | {"present": frozenset(words) - negative, "no": negative}
    agreed = frozenset({"yes"}) if "yes" in words else groups["present"]
    groups |= {"False": negative, "false": negative, "True": agreed, "true": agreed, "yes": agreed}
    text = str(value).strip()
    named = frozenset[str]().union(*(groups[word] for word in text.removeprefix("not ").split(" or ")))
    return frozenset(words) - named if text.startswith("not ") else named


def _number(value: Any) -> tuple[Decimal, Decimal]:
    if isinstance(value, float | bool):
        raise TypeError(f"no exact number: {value!r}")
    words, _, last = str(value).strip().rpartition(" ")
    if last == "measured":
        return HUGE, -HUGE
    if words in {"at least", "more than"}:
        return Decimal(last) + STEP * (words == "more than"), HUGE
    if words in {"at most", "less than"}:
        return -HUGE, Decimal(last) - STEP * (words == "less than")
    return Decimal(words.removesuffix(" to") or last), Decimal(last)


def _period(text: str) -> tuple[int, int]:
    year, month, day = [*(int(part) for part in text.split("-")), 0, 0][:3]
    last = day or monthrange(year, month or 12)[1]
    return date(year, month or 1, day or 1).toordinal(), date(year, month or 12, last).toordinal()


def _date(value: Any) -> tuple[int, int]:
    text = str(value).strip()
    word, _, rest = text.partition(" ")
    if word in {"after", "before", "since", "until"}:
        low, high = _period(rest)
        spans = {"after": (high + 1, LAST_DAY), "before": (FIRST_DAY, low - 1), "since": (low, LAST_DAY)}
        return spans.get(word, (FIRST_DAY, high))
    first, _, second = text.partition(" to ")
    return _period(first)[0], _period(second or first)[1]


def _levels(value: Any) -> frozenset[Place] | tuple[str, str]:
    if isinstance(value, str) and value.startswith("somewhere from "):
        first, _, last = value.removeprefix("somewhere from ").partition(" to ")
        return first, last
    return frozenset(tuple(one.split("-")) for one in ([value] if isinstance(value, str) else value))


def _bodies(value: Any) -> frozenset[str]:
    return frozenset(body for place in _levels(value) for body in place)


def _no(values: Iterable[bool]) -> Bools:
    return frozenset(not value for value in values)


def _combine(rule: Callable[[Iterable[bool]], bool], *sets: Iterable[bool]) -> Bools:
    return frozenset(rule(values) for values in product(*sets))


def _mark(name: str, possible: Iterable[bool]) -> Factor:
    return [frozenset({name}) if value else NOTHING for value in possible]


def _add_months(day: int, months: int) -> int:
    start = date.fromordinal(min(day, date(9000, 1, 1).toordinal()))
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    first, length = date(year, month + 1, 1).toordinal(), monthrange(year, month + 1)[1]
    return first + min(start.day - 1, length)  # the day after the month's last where there is no such day


@dataclass(frozen=True)
class _Node:
    """A mapping of a record; each method says what its field leaves open."""

    data: Mapping[str, Any]

    def sub(self, key: str) -> _Node:
        data = self.data.get(key)
        return _Node(data if isinstance(data, Mapping) and "value" not in data else {})

    def has(self, *keys: str) -> bool:
        return any(self.data.get(key) is not None for key in keys)

    def read(self, key: str, parse: Callable[[Any], T]) -> T | None:
        raw = self.data.get(key)
        papers = [raw] if isinstance(raw, Mapping) and "value" in raw else raw
        values = [raw]
        if isinstance(papers, list) and papers and all(isinstance(one, Mapping) and "value" in one for one in papers):
            counted = [one for one in papers if str(one.get("counts", "no")).lower() in {"yes", "true"}]
            values = [one["value"] for one in (counted if len(counted) == 1 else papers)]
        parsed = {parse(value) for value in values if value is not None and value != "unknown"}
        return parsed.pop() if len(parsed) == 1 else None

    def yes(self, key: str) -> Bools:
        return frozenset(word == "yes" for word in self.words(key, ("no", "yes")))

    def words(self, key: str, words: tuple[str, ...] = ()) -> frozenset[str]:
        domain = words or CHOICES[key]
        return self.read(key, lambda value: _choice(value, domain)) or frozenset(domain)

    def term(self, term: str) -> Bools:
        key, _, word = term.strip("!?").partition("=")
        values = {one == word for one in self.words(key)} if word else self.yes(key)
        return _no(values) if term[0] == "!" else frozenset(values)

    def span(self, key: str) -> tuple[Decimal, Decimal]:
        return self.read(key, _number) or (-HUGE, HUGE)

    def at_least(self, key: str, limit: str) -> Bools:
        return frozenset(bound >= Decimal(limit) for bound in self.span(key))

    def days(self, key: str) -> tuple[int, int]:
        return self.read(key, _date) or (FIRST_DAY, LAST_DAY)

    def since(self, key: str, until: tuple[int, int], months: int, beyond: int = 0) -> Bools:
        first, last = (_add_months(day, months) + beyond for day in self.days(key))
        return frozenset({until[0] >= last, until[1] >= first})

    def says(self, key: str, word: str) -> bool:
        return self.read(key, str) == word

    def names(self, key: str) -> frozenset[str]:
        return frozenset(self.read(key, lambda value: frozenset([value] if isinstance(value, str) else value)) or ())

    def unknown(self, *keys: str) -> bool:
        return any(self.has(key) and self.read(key, str) is None for key in keys)

    def entries(self, key: str) -> list[_Node]:
        raw = self.data.get(key)
        return [_Node(one) for one in raw if "value" not in one] if isinstance(raw, list) else []

    def there(self) -> tuple[bool, ...]:
        certainty = self.words("certainty")
        return (True, False) if self.has("certainty") and certainty != {"certain"} else (True,)


def _injections(kinds: tuple[States, States], unstated: States) -> frozenset[tuple[Treated, Treated]]:
    """What epidural and facet injections may be; one of unstated kind is one of them, and a conflict leaves it open.

    What is contraindicated without a kind leaves open which, so that either kind may still be asked for.
    """
    pairs = frozenset(product(*kinds))
    received = {(one, other) for one, other in pairs if one[0] or other[0]}
    conflicting = pairs | {((True, one[1]), other) for one, other in pairs}
    return frozenset().union(*((received or conflicting) if said[0] else pairs for said in unstated))


@lru_cache(maxsize=4096)
def _therapy_marks(simple: tuple[States, ...], pairs: frozenset[tuple[Treated, Treated]], readings: str) -> Factor:
    """Marks of the modalities not used, and of too few of them; one that was used needs no excuse."""
    found = set[Marks]()
    for plain, pair in product(product(*simple), pairs):
        one = (any(used for used, _ in pair), all(ruled_out for _, ruled_out in pair))
        modalities = [*plain, *pair] if "two" in readings else [*plain, one]
        used = sum(done for done, _ in modalities)
        excused = sum(ruled_out and not done for done, ruled_out in modalities)
        needed = min(3, len(modalities) - excused)
        if "count_as_done" in readings:
            needed = 3 - excused
        elif "no_effect" in readings:
            needed = 3
        elif "waive" in readings:
            needed = 0 if any(ruled_out for _, ruled_out in modalities) else 3
        shown = zip(PARTS, [*(done for done, _ in plain), one[0]], strict=False)
        found.add(frozenset([*(name for name, done in shown if not done), *(["i3"] if used < needed else [])]))
    return frozenset(found)


@dataclass(frozen=True)
class _View:
    """A case seen under its readings, in one anatomy."""

    case: _Node
    readings: Mapping[str, str]
    complete: bool
    lumbar: int
    considered: tuple[str, ...]

    def chosen(self, question: str, option: str) -> bool:
        return self.readings.get(question) == option

    def in_range(self, body: str) -> bool:
        return body in {"L3", "L4", "L5", "L6", "S1"}

    def exists(self, place: Place) -> bool:
        """Tell whether the anatomy has the bodies of a place; the disc L4-S1 says that nothing lies between."""
        spans = place == ("L4", "S1") and self.lumbar != 4
        return not spans and all((body,) in self.stretch() for body in place)

    def is_lumbar(self, place: Place) -> bool:
        return all(body == "S1" or body[0] == "L" for body in place)

    def stretch(self, first: str = "C1", last: str = "S5") -> frozenset[Place]:
        sizes = (("C", 7), ("T", 12), ("L", self.lumbar), ("S", 5))
        chain = [f"{letter}{number}" for letter, size in sizes for number in range(1, size + 1)]
        bodies = chain[chain.index(first) : chain.index(last) + 1]
        return frozenset([*((body,) for body in bodies), *pairwise(bodies)])

    def places(self, node: _Node) -> list[frozenset[Place]]:
        stated = node.read("levels", _levels)
        if stated is None:
            return [frozenset(), self.stretch()]
        if isinstance(stated, frozenset):
            return [stated]
        stretch = self.stretch(*stated)
        return [*(frozenset({place}) for place in stretch), stretch]

    def at(self, name: str, places: Iterable[Place]) -> set[str]:
        return {f"{name}@{'-'.join(place)}" for place in places if not set(self.considered).isdisjoint(place)}

    def days(self) -> tuple[tuple[int, int], tuple[int, int]]:
        request = self.case.sub("request")
        asked, planned = request.days("date"), request.days("planned_procedure_date")
        return (asked[0], min(asked[1], planned[1])), (max(asked[0], planned[0]), planned[1])

    def patient(self) -> list[Factor]:
        patient, pain, anaesthesia = (self.case.sub(name) for name in ("patient", "pain", "anaesthesia"))
        asked, procedure = self.days()
        adult = (patient.at_least("age", "18") & patient.since("birth_date", procedure, 18 * 12)) or EITHER
        long = (pain.at_least("months", "6") & pain.since("onset", asked, 6)) or EITHER
        raters = ("clinician", "patient")[: 1 + self.chosen("severity_source", "anyone")]
        rated = [{one in {"moderate", "severe"} for one in pain.words(f"{rater}_severity")} for rater in raters]
        heavy, weak = patient.at_least("body_mass_index", "40.000001"), _no(_combine(all, _combine(any, *rated), long))
        factors = [_mark("young", _no(adult)), _mark("n16", heavy), _mark("i2", weak)]
        deep = {word in DEEP and self.chosen("anaesthesia", "criterion") for word in anaesthesia.words("planned")}
        return [*factors, _mark("i8", _combine(all, deep, _no(anaesthesia.yes("necessity_documented"))))]

    def therapy(self, name: str) -> frozenset[Treatment]:
        """Whether a treatment may have been received, begun (as all received were), and be contraindicated."""
        raw = self.case.sub("conservative_care").sub("therapies").data.get(name)
        node = _Node(raw if isinstance(raw, Mapping) and "value" not in raw else {"status": raw})
        possible = set(TREATMENTS)
        if node.read("status", str) is not None:
            possible = {OF_STATUS.get(word, NEVER) for word in node.words("status")}
        said = [node.yes(key) for key in ("received", "begun", "contraindicated")]
        return frozenset(one for one in possible if all(value in told for value, told in zip(one, said, strict=True)))

    def long_course(self) -> Bools:
        care, asked = self.case.sub("conservative_care"), self.days()[0]
        therapies, (low, high) = care.sub("therapies"), care.span("weeks")
        if care.has("start", "end"):
            start, end = care.days("start"), care.days("end")
            shortest = min(end[0], asked[0]) - start[1] if care.read("end", _date) else 0
            longest = min(end[1], asked[1]) - start[0]
            low, high = max(low, Decimal(max(0, shortest)) / 7), min(high, Decimal(max(0, longest)) / 7)
        shown = [
            therapies.sub(name).span("weeks")[0]
            for name in therapies.data
            if care.days("start")[0] < asked[1] and all(begun for _, begun, _ in self.therapy(name))
        ]
        low = max([low, *shown])
        return frozenset({low > 6, high > 6}) if low <= high else EITHER

    def care(self) -> list[Factor]:
        care = self.case.sub("conservative_care")
        states = {
            name: frozenset((received, ruled_out) for received, _, ruled_out in self.therapy(name))
            for name in (*SIMPLE_THERAPIES, *INJECTIONS)
        }
        epidural, facet, unstated = (states[name] for name in INJECTIONS)
        if not care.sub("therapies").has(INJECTIONS[2]):
            unstated = frozenset({NEVER[1:]})
        readings = f"{self.readings.get('injections')} {self.readings.get('contraindicated_therapies')}"
        simple = tuple(states[name] for name in SIMPLE_THERAPIES)
        factors = [_therapy_marks(simple, _injections((epidural, facet), unstated), readings)]
        factors.append(_mark("i3", _no(self.long_course())))
        missing = care.yes("documentation_missing") if care.has("documentation_missing") else NO
        required = care.has("documentation_attached") or self.chosen("care_record", "attached")
        attached = care.yes("documentation_attached") if required else YES
        return [*factors, _mark("i3", missing), _mark("i3", _no(attached))]

    def modic_goods(self, places: Iterable[Place], kind: str, endplate: str) -> Marks:
        places = [place for place in places if self.exists(place)]
        touched = {body for place in places for body in place}
        opened = set(touched if self.readings.get("modic_scope") else self.considered)
        if self.chosen("modic_scope", "motion_segment"):
            alone = {place[0] for place in places if len(place) == 1}
            for upper, lower in (place for place in self.stretch() if len(place) == 2):
                over, under = lower in alone and endplate != "inferior", upper in alone and endplate != "superior"
                opened |= {upper, lower} if over or under else set()
        shown = {{"1": "i4a", "2": "i4b"}.get(digit, "") for digit in kind.split("_")} - {""}
        within = any(self.in_range(body) for body in touched)
        opened = opened & set(self.considered) if within or self.readings.get("modic_scope") else set()
        return frozenset((shown if within else set()) | {f"closed@{body}" for body in opened}) if shown else NOTHING

    def modic(self) -> list[Factor]:
        mri = self.case.sub("mri")
        denied = mri.read("no_modic_change_at", _levels) or frozenset()
        without = {place[0] for place in denied if isinstance(place, tuple) and len(place) == 1}
        universe = frozenset({"i4a", "i4b", *(f"closed@{body}" for body in self.considered)})

        def left(places: frozenset[Place]) -> frozenset[Place]:
            return frozenset(place for place in places if place not in denied and without.isdisjoint(place))

        factors: list[Factor] = []
        for entry in mri.entries("modic_changes"):
            plates = entry.words("endplate") if self.chosen("modic_scope", "motion_segment") else {""}
            options, where = self.places(entry), entry.read("levels", _levels)
            if not isinstance(where, frozenset):
                options = [left(places) for places in options if left(places) or where is None]
            choices = product(options, entry.words("type"), plates)
            goods = {self.modic_goods(places, kind, plate) for places, kind, plate in choices}
            stated = _combine(all, entry.there(), entry.yes("stated_by_radiologist"))
            factors.append({one for told in stated for one in (goods if told else [NOTHING])})
        others = bool(mri.entries("modic_changes")) and mri.says("other_modic_changes", "absent")
        closed = others or mri.yes("read_in_full") == YES
        if mri.unknown("modic_changes") or not (closed or mri.says("modic_changes", "none")):
            factors.append([NOTHING, self.modic_goods(left(self.stretch()), "type_1_2", "both")])
        report = [NOTHING if value else universe for value in mri.yes("radiologist_report")]
        return [[universe - goods for goods in _reachable(factors)], report]

    def finding_marks(self, kind: str, places: Iterable[Place], detail: Mapping[str, bool]) -> set[str]:
        imaging, correlates, likely = detail["imaging"], detail["correlates"], detail["likely_source"]
        lumbar = any(map(self.is_lumbar, places))
        discs = any if self.chosen("disc_range", "touching") else all
        within = any((discs if len(place) == 2 else all)(map(self.in_range, place)) for place in places)
        any_extrusion = self.chosen("extrusion_size", "any_extrusion") and detail["extrusion"]
        following = correlates or not self.chosen("correlation_scope", "following_items")
        counts = detail["unhealed"] or kind not in FRACTURES or self.chosen("healed_fracture", "counts")
        listed = counts and self.chosen("could_explain", "any_listed")
        seen, vertebral = imaging and correlates, kind in VERTEBRAL
        facet, crooked = kind == "facet_arthropathy", kind == "deformity"
        fits = (detail["facet_pain"] or not facet) and (detail["significant"] or not crooked)
        source = likely or (listed and kind in LISTED_22 and fits)
        fits = (detail["facet_suspected"] or not facet) and (lumbar or kind != "stenosis")
        obvious = likely or (listed and kind in LISTED_15 and fits)
        complicates = detail["complicates"] and (vertebral or not self.chosen("vertebral_pathology", "of_the_vertebra"))
        rules = {
            "n8a": seen and kind == "disc_herniation" and within and (detail["large"] or any_extrusion),
            "n8b": seen and kind == "spondylolisthesis" and lumbar and detail["slipped"],
            "n8c": seen and kind == "spondylolysis" and within,
            "n8d": seen and facet and within and detail["facet_pain"],
            "stenosis": kind == "stenosis" and imaging and lumbar and following,
            "i5": complicates or (vertebral and (likely or (listed and kind in LISTED_5))),
            "n15": imaging and obvious,
            "n22a": source and detail["clinical"],
            "n22b": source and imaging,
        }
        marks = {name for name, holds in rules.items() if holds}
        marks |= self.at("n12", places) if kind in FRACTURES and counts and following else set()
        return marks | (self.at("n3", places) if kind == "infection" and detail["active"] else set())

    def details(self, entry: _Node, unlisted: bool = False) -> dict[str, Bools]:
        """What is open of a finding; a source read in full shows no more, but an entry may not name its source."""

        def shown(name: str, read_in_full: bool) -> Bools:
            here, not_here = name in entry.names("shown_by"), name in entry.names("not_shown_by")
            if here != not_here:
                return frozenset({here})
            sourced = (unlisted or entry.names("shown_by")) and not entry.unknown("shown_by", "not_shown_by")
            return frozenset({False}) if read_in_full and sourced and not here else EITHER

        clinical = self.case.sub("findings").yes("assessment_read_in_full") == YES
        terms = {"extrusion": "shape=extrusion", "facet_pain": "facet_pain=yes", "facet_suspected": "!facet_pain=no"}
        return {
            "imaging": shown("imaging", self.case.sub("mri").yes("read_in_full") == YES),
            "clinical": shown("clinical_assessment", clinical),
            "large": entry.at_least("size_mm", "5.000001"),
            "slipped": entry.at_least("slip_mm", "2"),
            "unhealed": _no(entry.yes("healed")),
            **{name: entry.term(term) for name, term in terms.items()},
            **{key: entry.yes(key) for key in ("correlates", "likely_source", "complicates", "active", "significant")},
        }

    def findings(self) -> list[Factor]:
        findings = self.case.sub("findings")
        factors: list[Factor] = []
        for entry in findings.entries("present"):
            details = self.details(entry)
            extremes = [{key: pick(values) for key, values in details.items()} for pick in (min, max)]
            choices = product(entry.words("kind", tuple(KINDS)), self.places(entry), extremes)
            marks = {frozenset(self.finding_marks(kind, places, detail)) for kind, places, detail in choices}
            factors.append({one for there in entry.there() for one in (marks if there else [NOTHING])})
        listed = not findings.unknown("present")
        silent = {} if listed else {"shown_by": "unknown"}
        worst = {key: max(values) for key, values in self.details(_Node(silent), unlisted=True).items()}
        if listed and findings.says("additional_pathology", "absent"):
            worst |= {"likely_source": False, "complicates": False}
        for kind in set(KINDS) - (findings.names("absent") if listed else set()):
            factors += self.rest(findings, "present", self.finding_marks(kind, self.stretch(), worst))
        return factors

    def rest(self, node: _Node, key: str, marks: Iterable[str]) -> list[Factor]:
        if node.says(key, "none") or (node.says(f"other_{key}", "absent") and node.entries(key)):
            return []
        closed = self.complete and not node.unknown(key, f"other_{key}", "absent", "additional_pathology")
        return [[NOTHING, frozenset(one for one in marks if not closed or one == "i5" or one.startswith("spent"))]]

    def surgeries(self) -> list[Factor]:
        case, listed = self.case, self.chosen("could_explain", "any_listed")

        def marks(places: Iterable[Place], excepted: bool, likely: bool, complicates: bool) -> Marks:
            found = (
                set()
                if excepted
                else self.at("n7", (place for place in places if any(self.is_lumbar((body,)) for body in place)))
            )
            found |= {"i5"} if likely or complicates or (listed and not excepted) else set()
            return frozenset(found | ({"n22s"} if likely else set()))

        factors: list[Factor] = []
        for entry in case.entries("surgeries"):
            late = entry.at_least("months_before_procedure", "6.000001") & entry.since("date", self.days()[1], 6, 1)
            relief = entry.words("radicular_pain", ("resolved", "persists", "never_present"))
            spared = _combine(all, late or EITHER, {word != "persists" for word in relief})
            kinds = {kind in {"discectomy", "laminectomy"} for kind in entry.words("kind", CHOICES["surgery"])}
            choices = product(self.places(entry), _combine(all, kinds, spared), entry.yes("likely_source"))
            why = entry.yes("complicates")
            factors.append({marks(place, fine, cause, how) for place, fine, cause in choices for how in why})
        likely = case.unknown("surgeries") or not case.sub("findings").says("additional_pathology", "absent")
        return [*factors, *self.rest(case, "surgeries", marks(self.stretch(), False, likely, likely))]

    def ablations(self) -> list[Factor]:
        case, option = self.case, self.readings.get("earlier_ablation", "")
        spent = {body: {f"spent@{body}", f"used@{body}"} for body in self.considered if self.in_range(body)}
        everywhere, mentioned = NOTHING.union(*spent.values()), NOTHING
        factors: list[Factor] = []
        for entry in case.entries("ablations"):
            stated = entry.read("bodies", _bodies)
            marks = [NOTHING.union(*(spent.get(body, ()) for body in stated or ()))] + [everywhere] * (stated is None)
            mentioned = mentioned.union(*marks)
            completed = YES if option in {"any", "thermal"} else entry.yes("completed")
            counts = _combine(all, completed, YES if option in {"any", "completed"} else entry.yes("thermal"))
            factors.append([one if count else NOTHING for one in marks for count in counts])
        # A complete record has no ablation of a body that it does not mention; of the others there may be another.
        rest = self.rest(case, "ablations", everywhere)
        return [*factors, *([NOTHING, *(marks | mentioned for marks in one)] for one in rest)]

    def conditions(self) -> list[Factor]:
        names = ("pain", "conservative_care", "behavioral_health", "conditions")
        node = _Node({key: value for name in names for key, value in self.case.sub(name).data.items()})
        following, factors = self.chosen("correlation_scope", "following_items"), list[Factor]()

        for name, *terms in (rule.split(":") for rule in RULES.split()):
            sets = [node.term(term) if following or term[0] != "?" else YES for term in terms]
            keys = [term.strip("!?").partition("=")[0] for term in terms]
            absent = self.complete and name[0] != "i" and not node.has(*keys)
            factors.append(_mark(name, NO if absent else _combine(all, *sets)))
        absent = self.complete and not node.has("osteoporosis_diagnosed", "osteoporosis_correlates", "t_score")
        porous = self.porous(node, NO if absent else node.yes("osteoporosis_diagnosed"))
        correlates = node.yes("osteoporosis_correlates") if following else YES
        return [*factors, _mark("n10", _combine(all, porous, correlates))]

    def porous(self, node: _Node, diagnosed: Bools) -> Bools:
        stated, silent = node.read("t_score", _number), not node.has("t_score")
        scores = {"none"} if silent and self.complete and diagnosed == NO else {"low", "high", "none"}
        if stated is not None:
            within = {"low" if bound <= Decimal("-2.5") else "high" for bound in stated}
            scores = {"none"} if stated[0] > stated[1] else within
        option, found = self.readings.get("osteoporosis", ""), set()
        for known, low, high in ((known, score == "low", score == "high") for known in diagnosed for score in scores):
            by_option = {"score": low, "diagnosis_and_score": known and low, "either": known or low}
            found.add(by_option.get(option, low or (known and (silent or not high))))
        return frozenset(found)

    def hit(self, marks: Marks, body: str, asked: frozenset[str]) -> set[str]:
        whole = self.chosen("disc_level", "whole_segment")
        places = [(name, where.split("-")) for name, _, where in (one.partition("@") for one in marks) if where]
        return {name for name, place in places if body in place and (not whole or asked.issuperset(place))}

    def refused(self, marks: Marks, body: str, asked: frozenset[str]) -> bool:
        outside = not self.in_range(body) and not self.chosen("body_range", "unrestricted")
        outside = outside or not self.exists((body,))
        reasons = {"closed", "spent"} | (set() if self.chosen("precedence", "indications") else {"n3", "n7", "n12"})
        return outside or {"i4a", "i4b"} <= marks or not reasons.isdisjoint(self.hit(marks, body, asked | {body}))

    def failures(self, marks: Marks, asked: frozenset[str]) -> dict[str, bool]:
        hits = {name for body in asked for name in self.hit(marks, body, asked)}
        bad = {name: name in marks or name in hits for name in CRITERIA}
        obligations, many = self.readings.get("obligations", ""), len(asked) > 4
        bad["n3 systemic"] = "n3" in marks
        bad["i1"] = bad["n1"] = "young" in marks
        bad["i4"] = bad["i4a"] and bad["i4b"]
        bad["i7a"] = bad["i9"] = "spent" in hits
        bad["i7b"] = bad["i10"] = many
        bad["i7"] = many or bad["i9"]
        bad["n8"] = bad["n14"] = any(bad[f"n8{letter}"] for letter in "abcd")
        bad |= {f"n14{letter}": bad[f"n8{letter}"] for letter in "abcd"}
        bad["n9"] = {"stenosis", "claudication"} <= marks
        bad["n22"] = not marks.isdisjoint({"n22a", "n22b", "n22s"})
        bad["n20"] = {"norm": False, "fact": bool(asked) and "used" not in hits}.get(obligations, "used" in hits)
        bad["n21"] = {"norm": False, "fact": bool(asked) and not many}.get(obligations, many)
        return bad

    def decide(self, marks: Marks, asked: frozenset[str], bad: Mapping[str, bool], allowed: int) -> tuple[bool, str]:
        lists = "i" if self.chosen("precedence", "indications") else "in"
        fails = any(bad[name] for name in PATIENT if name[0] in lists)
        kept = "n" in lists and self.chosen("obligations", "fact") and (bad["n20"] or bad["n21"])
        limited = allowed < len(asked) or len(asked) > 4
        refused = limited and self.chosen("impermissible_bodies", "all_or_nothing")
        return fails, "deny" if fails or kept or refused or not allowed else "partial" if limited else "approve"


def _places(raw: Any, *bodies: str) -> Iterator[str]:
    """What the fields for levels, and those of `bodies`, say, wherever in a record they stand."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from [str(value)] if key in {"levels", "no_modic_change_at", *bodies} else _places(value, *bodies)
    elif isinstance(raw, list):
        for one in raw:
            yield from _places(one, *bodies)


def _reachable(factors: Sequence[Factor]) -> list[Marks]:
    """The least and the greatest sets of marks over all completions."""
    found: list[Marks] = []
    for worst in (False, True):
        ends: list[Marks] = [NOTHING]
        for factor in factors:
            sums = {end | other for end in ends for other in factor}
            ends = [one for one in sums if not any(one < other if worst else other < one for other in sums)]
        found += ends
    return found


def evaluate(case: Case, readings: Mapping[str, str] | None = None, complete: bool | None = None) -> Answer:
    """Judge a case; `complete` overrides what it says about being complete. Unknown readings raise ValueError."""
    chosen = {key: option for key, option in (readings or {}).items() if option not in {"default", "carried_out"}}
    if wrong := [one for one in chosen.items() if one[1] not in OPTIONS.get(one[0], "").split(",")]:
        raise ValueError(f"no such readings: {wrong}")
    node = _Node(case)
    complete = node.yes("record_complete") == YES if complete is None else complete
    request, patient, anaesthesia = (node.sub(name) for name in ("request", "patient", "anaesthesia"))
    units = {str(code): request.sub("units").span(code) for code in request.sub("units").data}
    named = set(re.findall(r"\b(?:C[1-7]|T1?\d|L[1-6]|S[1-5])\b", " ".join(_places(case, "bodies"))))
    stated = request.read("bodies", _bodies) or NOTHING
    made = request.data.get("bodies") not in (None, []) or any(low > 0 for low, _ in units.values())
    considered = tuple(sorted({"L3", "L4", "L5", "S1", *(stated or (named if made else ()))}))
    choices = [stated] if stated or not made else [*(frozenset({one}) for one in considered), frozenset(considered)]
    shown = {"four"} if "L4-S1" in " ".join(_places(case)) else {"five", "six"} if "L6" in named else {"five"}
    lumbar = patient.words("lumbar_vertebrae") if patient.has("lumbar_vertebrae") else shown
    results: dict[str, set[bool]] = {}
    outcomes, counts = set[str](), set[int]()
    for size in lumbar:
        view = _View(node, chosen, complete, {"four": 4, "five": 5, "six": 6}[size], considered)
        makers = (view.patient, view.care, view.modic, view.findings, view.surgeries, view.ablations, view.conditions)
        for marks, asked in product(_reachable([factor for maker in makers for factor in maker()]), choices):
            bad = view.failures(marks, asked)
            out = {body: view.refused(marks, body, asked) for body in considered}
            counts.add(allowed := sum(not out[body] for body in asked))
            fails, outcome = view.decide(marks, asked, bad, allowed)
            outcomes.add(outcome)
            for name, value in {**bad, **out, "eligible": fails or all(out.values())}.items():
                results.setdefault(name, set()).add(value)
    decision = outcomes.pop() if len(outcomes) == 1 and (stated or outcomes == {"deny"}) else "pend"
    due = [one for one in UNITS if one in [UNITS[max(min(count, 1), min(count, 4) - 1)] for count in counts]]
    exact = {code: int(low) for code, (low, high) in units.items() if low == high and low > 0}
    differs = len(due) == 1 and due[0] != exact and units and all(low == high for low, high in units.values())
    sedated = anaesthesia.words("planned") <= DEEP and not view.chosen("anaesthesia", "criterion")
    flags = ("i8",) if sedated and anaesthesia.yes("necessity_documented") != YES else ()

    said = {
        name: "undetermined" if len(values) > 1 else WORDS[name[0]][min(values)] for name, values in results.items()
    }
    return Answer(
        {name: said[name] for name in CRITERIA},
        {body: said[body] for body in considered},
        said["eligible"],
        decision if made else "none",
        (due[0] if len(due) == 1 else None) if made and decision in {"approve", "partial"} else {},
        (*flags, *(["units"] if stated and differs else [])),
    )
