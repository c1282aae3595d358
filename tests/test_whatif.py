"""What would change a decision: exact sets from the document, and no set that is too large, too small or missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from itertools import combinations, count
from random import Random
from typing import Any

import pytest

from bvn_asp.analysis.change.changes import CHANGEABLE, Answer, ChangeSet
from bvn_asp.analysis.change.whatif import GoalError, WhatIf
from bvn_asp.analysis.space import Space
from bvn_asp.analysis.writing.inputs import usual_case
from bvn_asp.decision.engine import Engine
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.report.whatif import answer_text
from tests.calling import bvn
from tests.campaigns import counts
from tests.random_cases import random_record
from tests.sample_cases import place, sample, samples

Record = dict[str, Any]


@cache
def asked() -> WhatIf:
    return WhatIf(shipped_policy())


def usual(**sections: Record | None) -> Record:
    """The unremarkable approvable patient, with fields of some sections replaced."""
    record: Record = usual_case().model_dump(exclude_none=True)
    for section, fields in sections.items():
        for path, value in (fields or {}).items():
            *parents, name = f"{section}.{path}".split(".")
            target = record
            for parent in parents:
                target = target.setdefault(parent, {})
            target[name] = value
    weeks = (sections.get("conservative_care") or {}).get("weeks")
    for therapy in record["conservative_care"]["therapies"].values() if weeks is not None else ():
        # No therapy lasts longer than the course.
        if isinstance(therapy, dict) and "weeks" in therapy:
            therapy["weeks"] = min(int(str(therapy["weeks"])), int(str(weeks)))
    return record


def answer(record: Record, wanted: str = "approve", **options: Any) -> Answer:
    return asked().answer(Case.model_validate(record), wanted, **options)


def texts(found: Answer) -> list[list[str]]:
    return sorted(sorted(map(str, change_set.changes)) for change_set in found.sets)


def named(path: str, wanted: str = "approve", **options: Any) -> Answer:
    return asked().answer(sample(path), wanted, **options)


def test_a_number_is_reported_as_the_threshold_to_reach_and_the_distance() -> None:
    found = answer(usual(conservative_care={"weeks": 4}))
    assert found.complete and not found.stopped
    assert texts(found) == [["duration of conservative care: 4 weeks -> more than 6 weeks: 2 short"]]
    change = found.sets[0].changes[0]
    assert (change.field, change.kind) == ("conservative_care.weeks", "change")
    assert found.sets[0].decision.recommendation == "approve"


def test_what_the_limit_itself_does_not_satisfy_is_exactly_at_the_limit() -> None:
    assert texts(named("deny_care_exactly_six_weeks")) == [
        ["duration of conservative care: 6 weeks -> more than 6 weeks: exactly the limit"]
    ]


def test_the_changed_case_keeps_everything_that_did_not_change() -> None:
    case = sample("deny_care_42_days_by_date")
    found = asked().answer(case).sets[0].case
    assert found.said("conservative_care.start") is None and found.exact("conservative_care.weeks") > 6
    kept = {"story", "expected", "conservative_care"}
    assert found.model_dump(exclude=kept) == case.model_dump(exclude=kept)


def test_several_failures_need_a_change_each_and_count_together() -> None:
    found = answer(usual(conservative_care={"weeks": 4}, behavioral_health={"assessed": False, "recorded": False}))
    assert [change_set.cost for change_set in found.sets] == [3]
    assert texts(found) == [
        [
            "assessment recorded in the medical record: no -> yes",
            "behavioural-health assessment: no -> yes",
            "duration of conservative care: 4 weeks -> more than 6 weeks: 2 short",
        ]
    ]


NOT_RECEIVED = ("physical_therapy", "chiropractic", "cognitive_therapy", "epidural_injection", "facet_injection")


def test_any_further_therapy_completes_two_and_either_injection_is_one() -> None:
    therapies = {f"therapies.{name}": {"status": "not_received"} for name in NOT_RECEIVED}
    found = answer(usual(conservative_care=therapies))
    items = {change.item for change_set in found.sets for change in change_set.changes}
    assert items == {("therapy", name) for name in NOT_RECEIVED} and len(found.sets) == 5
    therapies["therapies.pharmacotherapy"] = {"status": "not_received"}
    pairs = {frozenset(c.item for c in s.changes) for s in answer(usual(conservative_care=therapies), limit=50).sets}
    both = frozenset({("therapy", "epidural_injection"), ("therapy", "facet_injection")})
    expected = {
        frozenset({("therapy", one), ("therapy", other)})
        for one, other in combinations((*NOT_RECEIVED, "pharmacotherapy"), 2)
    }
    assert pairs == expected - {both}


def test_nobody_is_told_to_take_what_is_contraindicated() -> None:
    therapies = {f"therapies.{name}": {"status": "not_received"} for name in NOT_RECEIVED}
    therapies["therapies.chiropractic"] = {"status": "contraindicated"}
    found = answer(usual(conservative_care=therapies))
    assert {c.item for s in found.sets for c in s.changes} == {
        ("therapy", name) for name in NOT_RECEIVED if name != "chiropractic"
    }


@pytest.mark.parametrize(
    ("section", "fields", "fact", "clauses"),
    [
        ("patient", {"age": 17}, "age: 17 years", {"i1", "n1"}),
        ("patient", {"body_mass_index": "40.004"}, "body mass index: 40.004 kg/m2", {"n16"}),
        ("pain", {"months": 5}, "duration of the pain: 5 months", {"i2"}),
        ("conditions", {"pregnancy": True}, "pregnancy: yes", {"n5"}),
        ("conditions", {"fragility_fracture": True}, "fragility fracture of the spine in the history: yes", {"n11"}),
    ],
)
def test_what_nobody_can_change_is_the_reason_why_approval_is_unreachable(
    section: str, fields: Record, fact: str, clauses: set[str]
) -> None:
    found = answer(usual(**{section: fields}))
    assert found.unreachable and found.sets == ()
    assert [obstacle.facts for obstacle in found.obstacles] == [(fact,)]
    assert {p.clause for o in found.obstacles for p in o.premises if p.kind == "clause"} <= clauses


def test_time_is_told_apart_from_what_a_person_can_change_and_needs_leave() -> None:
    found = answer(usual(patient={"age": 17}, pain={"months": 5}), everything=True)
    changes = {str(change): change.kind for change in found.sets[0].changes}
    assert changes == {
        "age: 17 years -> at least 18 years: 1 short": "time",
        "duration of the pain: 5 months -> at least 6 months: 1 short": "time",
    }


def test_every_obstacle_is_named_and_what_can_be_changed_is_none() -> None:
    found = answer(usual(patient={"age": 17}, conditions={"pregnancy": True}, conservative_care={"weeks": 2}))
    assert sorted(obstacle.facts for obstacle in found.obstacles) == [("age: 17 years",), ("pregnancy: yes",)]


def test_an_exclusion_with_an_exception_is_lifted_by_what_the_exception_asks_for() -> None:
    implant = answer(usual(conditions={"pulse_generator": True}))
    assert texts(implant) == [["specific precautions for the implant taken: no -> yes"]]
    substance = answer(usual(conditions={"substance_use_active": True}))
    assert texts(substance) == [["substance use disorder under treatment: no -> yes"]]
    disease = {"systemic_disease": True, "limits_quality_of_life": True, "objective_stated": False}
    assert texts(answer(usual(conditions=disease))) == [["objective of treatment stated: no -> yes"]]


def test_a_partial_gives_the_largest_approvable_request() -> None:
    found = named("partial_one_body_ablated_before")
    assert found.requests == (("L4",),)
    assert texts(found) == [["L5 requested: yes -> no"]]


def test_more_bodies_than_the_limit_of_four_give_every_set_of_four() -> None:
    found = named("partial_five_of_six_lumbar_vertebrae")
    bodies = ("L3", "L4", "L5", "L6", "S1")
    assert {frozenset(request) for request in found.requests} == set(map(frozenset, combinations(bodies, 4)))


def test_bodies_are_only_dropped_unless_there_is_no_request_or_anything_may_change() -> None:
    record = usual(ablations=None)
    record |= {"ablations": [{"bodies": ["L4", "L5"], "completed": True, "thermal": True}], "other_ablations": "absent"}
    assert answer(record).unreachable
    added = answer(record, everything=True)
    assert ["L3 requested: no -> yes", "L4 requested: yes -> no", "L5 requested: yes -> no"] in texts(added)
    del record["request"]
    assert texts(answer(record)) == [["L3 requested: no -> yes"], ["S1 requested: no -> yes"]]


def test_a_pend_names_what_settles_it_either_way() -> None:
    record = usual()
    del record["patient"]["age"]
    found = answer(record)
    settled = {outcome: [list(map(str, s.changes)) for s in sets] for outcome, sets in found.settlements.items()}
    assert settled == {
        "approve": [["age: not stated -> at least 18 years"]],
        "deny": [["age: not stated -> less than 18 years"]],
    }
    assert {change.kind for change_set in found.sets for change in change_set.changes} == {"unknown"}


def test_a_choice_names_every_value_that_would_do() -> None:
    record = usual()
    del record["pain"]["clinician_severity"]
    assert texts(answer(record)) == [["pain category by the clinician: not stated -> moderate or severe"]]


def test_a_body_can_be_the_outcome() -> None:
    record = usual()
    record |= {"ablations": [{"bodies": ["L5"], "completed": True, "thermal": True}], "other_ablations": "absent"}
    found = answer(record, "L5")
    assert found.unreachable
    assert [o.facts for o in found.obstacles] == [
        ("earlier ablation at L5: completed: yes", "earlier ablation at L5: thermal: yes")
    ]
    (changes,) = texts(answer(record, "L5", everything=True))
    assert changes in ([f"earlier ablation at L5: {part}: yes -> no"] for part in ("completed", "thermal"))
    assert answer(record, "l4").reached


def test_no_outcome_that_a_case_cannot_have() -> None:
    with pytest.raises(GoalError, match="approve, partial, deny, pend, or a body: L3, L4, L5, S1"):
        answer(usual(), "T3")


def test_what_was_done_cannot_be_undone_so_an_approval_stands() -> None:
    assert answer(usual(), "deny").unreachable
    everything = texts(answer(usual(), "deny", everything=True, limit=500))
    assert ["duration of the pain: 24 months -> less than 6 months: 18 over"] in everything
    assert ["pregnancy: no -> yes"] in everything


def test_a_case_pends_if_something_that_matters_were_not_stated() -> None:
    found = texts(answer(usual(), "pend", limit=500))
    # A therapy of so many weeks shows a course that is no shorter.
    assert [
        "avoidance of aggravating activities: duration: 16 weeks -> not stated",
        "duration of conservative care: 16 weeks -> not stated",
        "pharmacotherapy: duration: 16 weeks -> not stated",
        "physical therapy or directed exercise: duration: 12 weeks -> not stated",
    ] in found
    assert all(text.endswith(("-> not stated", "-> not known")) for change_set in found for text in change_set)


def test_readings_change_the_answer() -> None:
    record = usual(anaesthesia={"planned": "deep"})
    assert answer(record).reached
    found = texts(answer(record, readings={"anaesthesia": "criterion"}))
    assert found == [
        ["medical necessity of additional anaesthesia documented: no -> yes"],
        ["planned sedation: deep -> local or mild or none"],
    ]


def test_a_complete_record_stays_complete() -> None:
    record = usual(conservative_care={"weeks": 4})
    del record["conditions"]["pregnancy"], record["conditions"]["bleeding_diathesis"]
    found = answer(record, assume_absent=True)
    assert texts(found) == [["duration of conservative care: 4 weeks -> more than 6 weeks: 2 short"]]
    assert found.sets[0].decision.assume_absent
    # An indication takes nothing as absent: surgery has to be ruled out.
    del record["surgeries"]
    assert texts(answer(record, assume_absent=True)) == [
        ["duration of conservative care: 4 weeks -> more than 6 weeks: 2 short", "spine surgery: not stated -> no"]
    ]


def test_a_body_is_wanted_permissible_and_a_patient_without_request_not_eligible() -> None:
    record = usual(conditions={"pregnancy": True})
    del record["request"]
    found = answer(record, "L3")
    assert "Now: NONE, PATIENT NOT ELIGIBLE   Wanted: L3 permissible\n" in answer_text(found, "a")


def test_with_anything_free_an_ablation_goes_with_its_details() -> None:
    record = usual(ablations=None)
    record |= {"ablations": [{"bodies": ["L5"], "completed": True, "thermal": True}], "other_ablations": "absent"}
    assert answer(record, "L5").unreachable
    found = answer(record, "L5", everything=True)
    # The facts of one entry are one change, of which the first way is given.
    assert found.complete and texts(found) == [["earlier ablation at L5: thermal: yes -> no"]]


def test_limits_are_told() -> None:
    therapies = {f"therapies.{name}": {"status": "not_received"} for name in NOT_RECEIVED}
    found = answer(usual(conservative_care=therapies), limit=2)
    assert (len(found.sets), found.complete, found.stopped) == (2, False, "limit")
    found = answer(usual(conservative_care=therapies), timeout=0)
    assert (found.sets, found.complete, found.stopped, found.unreachable) == ((), False, "timeout", False)
    assert answer_text(found, "a").endswith("\nNothing found. Stopped at the time limit: there may be more.")


def test_a_bound_on_conflicts_is_told_and_the_time_limit_holds_before_anything_is_ground() -> None:
    empty = {"pain": {"location": "low_back"}, "request": {"bodies": ["L4"]}}
    found = answer(empty, conflicts=1)
    assert (found.complete, found.stopped) == (False, "conflicts")
    assert "as many conflicts as it may: there may be more" in " ".join(answer_text(found, "a").split())
    fresh = WhatIf(shipped_policy())
    late = fresh.answer(Case.model_validate(empty), timeout=0)
    assert (late.sets, late.complete, late.stopped) == ((), False, "timeout") and not fresh.rooms.kept


def test_a_nearly_empty_record_costs_two_searches_a_set_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    searches, search = count(), Space._search

    def counting(*arguments: Any, **options: Any) -> Any:
        next(searches)
        return search(*arguments, **options)

    monkeypatch.setattr(Space, "_search", counting)
    found = answer({"request": {"bodies": ["L4"]}}, limit=3)
    sets = len(found.sets) + sum(map(len, found.settlements.values()))
    assert sets > 6 and next(searches) <= 2 * sets + 2 * len(found.settlements)


def test_an_interrupt_keeps_what_was_found_and_says_that_it_is_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    therapies = {f"therapies.{name}": {"status": "not_received"} for name in NOT_RECEIVED}
    counted, least = count(1), Space.least

    def interrupted(*arguments: Any) -> frozenset[int] | None:
        if next(counted) > 2:
            raise KeyboardInterrupt
        return least(*arguments)

    monkeypatch.setattr(Space, "least", interrupted)
    found = answer(usual(conservative_care=therapies))
    assert (found.stopped, found.complete) == ("interrupted", False) and 1 <= len(found.sets) < 5


def parts(before: Case, after: Case) -> dict[str, tuple[Any, Any]]:
    """What differs between two cases, by field; lists whole."""
    return dict(_differences(before.model_dump(), after.model_dump(), ""))


def _differences(one: Any, other: Any, path: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(one, dict) and isinstance(other, dict) and path != ".findings" and "status" not in one:
        for key in one:
            yield from _differences(one[key], other.get(key), f"{path}.{key}")
    elif one != other:
        yield path, (one, other)


def with_parts(before: Case, chosen: dict[str, tuple[Any, Any]]) -> Case:
    record = deepcopy(before.model_dump())
    for path, (_, value) in chosen.items():
        *parents, name = path.strip(".").split(".")
        target = record
        for parent in parents:
            target = target[parent]
        target[name] = value
    return Case.model_validate(record)


def check_minimal(case: Case, found: ChangeSet, wanted: str, readings: dict[str, str]) -> bool:
    """Check one set of changes against all its proper parts; False if its fields cannot be told apart."""
    plain = Case.model_validate(case.model_dump(exclude={"story", "expected"}))
    changed = parts(plain, found.case)
    engine = asked().engine
    assert engine.decide(found.case, readings).recommendation == wanted
    if len(changed) != found.cost or found.cost > 4:
        return False
    for size in range(len(changed)):
        for paths in combinations(sorted(changed), size):
            part = with_parts(plain, {path: changed[path] for path in paths})
            assert engine.decide(part, readings).recommendation != wanted, (paths, changed)
    return True


@pytest.mark.parametrize("everything", [False, True])
@counts("step, least", (134, 1), (6, 20))
def test_every_set_reaches_the_outcome_and_no_part_of_it_does(step: int, least: int, everything: bool) -> None:
    told_apart = 0
    for case in list(samples().values())[::step]:
        found = asked().answer(case, everything=everything, limit=6)
        told_apart += sum([check_minimal(case, change_set, "approve", {}) for change_set in found.sets])
    assert told_apart >= least


@counts("seeds, least", (range(5), 1), (range(1000, 1100), 30))
def test_sets_for_random_records_reach_their_outcome_and_are_minimal(seeds: range, least: int) -> None:
    checked = 0
    for seed in seeds:
        random = Random(seed)
        case = Case.model_validate(random_record(random))
        wanted = random.choice(("approve", "approve", "partial", "deny"))
        found = asked().answer(case, wanted, everything=bool(seed % 2), limit=4)
        checked += sum([check_minimal(case, change_set, wanted, {}) for change_set in found.sets])
    assert checked >= least


SINGLE: dict[str, tuple[Any, ...]] = {
    ".conservative_care.weeks": (7, 100),
    ".conservative_care.documentation_attached": (True,),
    ".mri.radiologist_report": (True,),
    **{f".behavioral_health.{name}": (True,) for name in ("assessed", "formal", "recorded", "resources_provided")},
    **{f".conditions.{name}": (True,) for name in ("objective_stated", "substance_use_treated", "precautions_taken")},
    ".anaesthesia.planned": ("none", "local", "mild"),
    ".anaesthesia.necessity_documented": (True,),
    ".patient.skeletal_maturity_documented": (True,),
    ".surgeries": ((),),
    ".ablations": ((),),
}


FEW = 25
"""More sets than change one field alone."""


@counts("step, least", (40, 1), (3, 8))
def test_no_single_change_that_would_do_is_missed(engine: Engine, step: int, least: int) -> None:
    missed, reaching = [], 0
    for where, case in list(samples().items())[::step]:
        if engine.decide(case).recommendation not in ("deny", "pend"):
            continue
        # The cheapest come first, so these are all that change one field.
        sets = asked().answer(case, limit=1).sets
        if sets and sets[0].cost == 1:
            sets = asked().answer(case, limit=FEW).sets
            assert len(sets) < FEW or sets[-1].cost > 1, where
        fields = {change.field.split("[")[0] for found in sets if found.cost == 1 for change in found.changes}
        plain = Case.model_validate(case.model_dump(exclude={"story", "expected"}))
        for name, values in SINGLE.items():
            section, _, last = name.strip(".").rpartition(".")
            held = getattr(getattr(plain, section), last) if section else getattr(plain, last)
            if (not section and held is not None) or held in values:
                continue
            if name.endswith("weeks") and plain.conservative_care.start is not None:
                continue
            for value in values:
                changed = with_parts(plain, {name: (None, value)})
                if engine.decide(changed).recommendation == "approve":
                    reaching += 1
                    if name.strip(".") not in fields:
                        missed.append((where, name, value))
    assert missed == []
    assert reaching >= least


def test_what_is_known_by_a_bound_can_change_as_what_is_known_exactly() -> None:
    """Care of six weeks at most can go on, as care of six weeks can; an age of 16 or 17 is none that can be changed."""
    (found,) = named("bound_care_at_most_six_weeks").sets
    (change,) = found.changes
    assert (change.field, change.before, change.after, change.kind) == (
        "conservative_care.weeks", "at most 6 weeks", "more than 6 weeks", CHANGEABLE,
    )  # fmt: skip
    assert answer(usual(patient={"age": "16 to 17"})).unreachable


def test_the_command_prints_the_sets_and_json_and_names_what_stands_in_the_way() -> None:
    sample = place("deny_care_exactly_six_weeks")
    found = bvn("whatif", sample)
    assert found.returncode == 0 and "human reviewer" in found.stdout
    assert "6 weeks -> more than 6 weeks: exactly the limit  (can be changed or documented;" in found.stdout
    document = json.loads(bvn("whatif", sample, "--json").stdout)
    assert document["complete"] and document["sets"][0]["decided"] == "approve"
    again = bvn("decide", "--brief", "-", text=json.dumps(document["sets"][0]["record"]))
    assert "approve" in again.stdout.lower()
    found = bvn("whatif", place("deny_age_17"))
    assert found.returncode == 0 and "Unreachable" in found.stdout and "age: 17 years" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "nirvana"), "no outcome 'nirvana'"),
        (("--reading", "moment"), "expected QUESTION=OPTION"),
        (("--reading", "course_moment=never"), "has no option 'never'"),
    ],
)
def test_bad_arguments_are_told_with_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    found = bvn("whatif", place("deny_age_17"), *arguments)
    assert found.returncode == 2 and message in found.stderr and not found.stdout


def test_the_emptiest_request_gets_its_cheapest_set_by_whom_to_ask_and_nothing_about_what_nobody_mentioned() -> None:
    found = asked().answer(Case.model_validate({"request": {"bodies": ["L4"]}}), limit=3)
    assert {item.decision.recommendation for item in found.sets} == {"approve"} and found.stopped == "limit"
    printed = answer_text(found, "case.yaml").splitlines()
    assert len(printed) <= 60
    text = "\n".join(printed)
    assert "1. " in text and "2. " not in text and "(--all shows them)" in text
    for whom in ("MRI report:", "treating clinician's note:", "own claims history:", "behavioural-health note:"):
        assert f"\n  {whom}\n" in text
    words = {change.words for change in found.sets[0].changes}
    assert {"specific precautions for the implant taken", "injection of unstated kind: received"}.isdisjoint(words)
    assert {"lowest T-score", "implanted pulse generator", "other electronic implant"} <= words
    assert "2. " in answer_text(found, "case.yaml", every=True)
