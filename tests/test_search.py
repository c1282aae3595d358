"""Searches over all records: what is found is a record and is decided as found; what is refuted is refuted twice."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.analysis import certificate
from bvn_asp.analysis.proofs import grounds_of
from bvn_asp.analysis.records import ground
from bvn_asp.analysis.space import Space, World
from bvn_asp.analysis.writing.inputs import inputs_of, usual_case
from bvn_asp.analysis.writing.stated import Record
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.shapes import room_for
from bvn_asp.decision.verdict import SIDES
from bvn_asp.policy.forms import _rules_of, _sides
from bvn_asp.policy.grounding import answer_set
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.representatives import limits_of, representative
from bvn_asp.policy.shape import WIDE_BODIES, Shape
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.case import Case
from tests.campaigns import counts, examples
from tests.random_cases import random_record
from tests.shared import search
from tests.worlds import RECORD, random_readings, random_world, stated

SHOWN = ("met", "unmet", "violated", "clear", "recommend", "refusal", "flag")
"""What an answer set shows whole."""


def shown_by(world: World, side: int = 0) -> set[Term]:
    """Return what holds in a world of what an answer set shows whole."""
    space = search().space
    return {t for name in SHOWN for t, literal in space.terms(name, side).items() if literal in world.true}


def status(id: str, name: str) -> int:
    return search().space.literal((name, id))


def test_the_usual_patient_is_approved_with_every_criterion_satisfied() -> None:
    decision = search().engine.decide(usual_case())
    assert decision.recommendation == "approve" and decision.eligibility == "eligible"
    assert decision.ids("unmet") == decision.ids("violated") == decision.ids("undetermined") == ()
    assert decision.missing == () and decision.flags == ()
    assert decision.units == {"64628": 1}


def test_the_usual_patient_departs_from_itself_in_nothing() -> None:
    space = search().space
    world = search().world([space.literal(("recommend", "approve"))])
    assert world is not None and world.departures == () and stated(world) == search().usual


@counts("count", 72, 400)
def test_every_world_can_be_written_as_a_record_that_reads_back_the_same_and_is_decided_as_found(count: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(count):
        random = Random(seed)
        readings = random_readings(random, search())
        if seed % 9 == 1:
            readings["lumbar_vertebrae"] = "six"
        world = random_world(random, search(), readings, request=seed % 9 > 0)
        witness = search().replay(world)
        facts = facts_for(witness.case, search().policy, search().policy.readings(readings), shape=search().room)
        back = inputs_of(facts, search().quantities, search().limits)
        assert {t for t in back if name_of(t) in RECORD} == stated(world), seed
        found, decided = shown_by(world), witness.decision
        for criterion in decided.criteria:
            sides = {side for side in SIDES[criterion.clause.kind] if (side, criterion.clause.id) in found}
            # Completions can settle what the rules leave open, and never the other way round.
            assert sides <= {criterion.status}, (seed, criterion.clause.id)
        outcome = {str(t[1]) for t in found if isinstance(t, tuple) and t[0] == "recommend"}
        if decided.recommendation is None:
            assert not outcome, seed
        else:
            assert outcome in ({decided.recommendation}, {"pend"}), seed
        seen[decided.recommendation or "none"] += 1
        case = witness.case
        seen["several bodies"] += len(case.bodies) > 2
        seen["bodies unknown"] += case.requested and not case.bodies
        seen["dated"] += case.exact("patient.birth_date") is not None or case.exact("pain.onset") is not None
        seen["undated"] += case.said("request.date") is None
        seen["no surgeries"] += case.at("surgeries") == ()
        seen["surgeries unknown"] += case.at("surgeries") is None
        seen["two changes"] += len(case.entries("mri.modic_changes")) == 2
        seen["suspected"] += any(
            case.exact(f"findings.present[{i}].certainty") == ("suspected",)
            for i in range(len(case.entries("findings.present")))
        )
        seen["complete"] += bool(witness.decision.assume_absent)
        seen["bounds"] += any(number.low != number.high for number in facts.numbers.values())
        seen["L6"] += readings.get("lumbar_vertebrae") == "six"
    kinds = ("approve", "deny", "pend", "none")
    assert all(seen[kind] for kind in kinds), seen
    lists = ("several bodies", "bodies unknown", "dated", "undated", "no surgeries", "surgeries unknown", "two changes",
             "suspected", "complete", "bounds", "L6")  # fmt: skip
    assert all(seen[name] for name in lists), seen


def fits(case: Case) -> bool:
    """Tell whether a search has room for all that `case` lists; a kind that it closes needs no room for another."""
    kinds = Counter(k for i in range(len(case.entries("findings.present")))
                    for k in case.exact(f"findings.present[{i}].kind"))  # fmt: skip
    room = search().room
    return (
        set(room_for(case).bodies) <= set(room.bodies)
        and all(count <= room.room(kind) for kind, count in kinds.items())
        and len(case.entries("surgeries")) <= room.surgeries
        and len(case.entries("mri.modic_changes")) <= room.modic
    )


def ruled_out_of_space(case: Case) -> list[Term]:
    """Return the inputs, of those that `case` states or leaves out, that contradict what a record can state."""
    space, kept = search().space, ("complete", "selected")
    facts = facts_for(case, search().policy, {}, shape=search().room)
    inputs = inputs_of(facts, search().quantities, search().limits)
    told = {x if t in inputs else -x: t for x, t in space.inputs[0].items() if name_of(t) not in kept}
    held = [space.held(premise) for premise in space.premises]
    core = space.attempt([*held, *told, -space.literal("complete")]).core
    return [term for literal, term in told.items() if literal in (core or ())]


def test_every_random_record_that_fits_the_room_is_a_world() -> None:
    seen: Counter[str] = Counter()
    for seed in range(80):
        record = random_record(Random(seed))
        case = Case.model_validate({**record, "record_complete": True} if seed % 2 else record)
        if fits(case):
            assert ruled_out_of_space(case) == [], seed
            seen["record"] += 1
            seen["complete"] += case.exact("record_complete") is True
            seen["finding"] += len(case.entries("findings.present")) > 0
            seen["ablation"] += len(case.entries("ablations")) > 0
            seen["surgery"] += len(case.entries("surgeries")) > 0
    assert seen["record"] >= 40 and min(seen.values()) >= 2 and len(seen) == 5, seen


STATABLE: dict[str, Record] = {
    "nothing": {},
    "nothing, and complete": {"record_complete": True},
    "a test not made": {"conditions": {"t_score": "not measured"}},
    "a test of unknown result in a complete record": {"record_complete": True, "conditions": {"t_score": "unknown"}},
    "a complete record without a test for what is not known": {
        "record_complete": True, "conditions": {"osteoporosis_diagnosed": "unknown"},
    },
    "a complete record that speaks of a detail only": {
        "record_complete": True, "conditions": {"osteoporosis_correlates": "unknown"},
    },
    "documentation neither there nor missing": {
        "conservative_care": {"documentation_missing": "unknown", "documentation_attached": "unknown"},
    },
    "a treatment of which nothing is known": {"conservative_care": {"therapies": {"unspecified_injection": "unknown"}}},
    "a treatment of which one answer is known": {"conservative_care": {"therapies": {"chiropractic": {"begun": True}}}},
    "a treatment that is contraindicated and may have been received": {
        "conservative_care": {"therapies": {"chiropractic": {"contraindicated": True}}},
    },
    "a treatment that was received and is contraindicated": {
        "conservative_care": {"therapies": {"chiropractic": {"received": True, "contraindicated": True}}},
    },
    "a body that few have, of a patient whose bodies were not counted": {"request": {"bodies": ["L5", "L6"]}},
    "a body that few have, of a patient whose count is unknown": {
        "patient": {"lumbar_vertebrae": "unknown"}, "request": {"bodies": ["L6"]},
    },
    "a whole list with an ablation that was not completed, of an unknown body": {
        "ablations": [{"bodies": ["L4"], "completed": True}, {"bodies": "unknown", "completed": False}],
        "other_ablations": "absent",
    },
    "lists without entries": {
        "mri": {"modic_changes": "none"}, "surgeries": "none", "ablations": "none", "findings": {"present": "none"},
    },
    "an entry whose names are none": {
        "mri": {"modic_changes": [{"levels": "somewhere from L3 to S1", "features": "none"}]},
        "findings": {"present": [{"kind": "stenosis", "shown_by": "none"}]},
    },
    "a finding of one kind or another": {
        "findings": {"present": [{"kind": "tumor or infection", "complicates": True}]},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", STATABLE)
def test_what_a_record_can_state_is_a_world_and_comes_back_from_it(name: str) -> None:
    case = Case.model_validate(STATABLE[name])
    assert fits(case) and ruled_out_of_space(case) == []
    inputs = inputs_of(facts_for(case, search().policy, {}, shape=search().room), search().quantities, search().limits)
    back = search().decided(inputs).case
    again = facts_for(back, search().policy, {}, shape=search().room)
    assert inputs_of(again, search().quantities, search().limits) == inputs


UNSTATABLE: dict[str, tuple[list[Term], list[Term]]] = {
    "a test not spoken of, with a result": ([("assumed", "t_score"), ("from", "t_score", -2_500_000)], []),
    "a test not spoken of, that was not made": ([("assumed", "t_score"), ("yes", ("unmeasured", "t_score"))], []),
    "documentation not spoken of, and missing": ([("assumed", "care_undocumented"), ("yes", "care_undocumented")], []),
    "a treatment not spoken of, and begun": (
        [("assumed", ("received", "unspecified_injection")), ("no", ("begun", "unspecified_injection"))], [],
    ),
    "received, and perhaps not begun": (
        [("yes", ("received", "chiropractic"))],
        [("yes", ("begun", "chiropractic"))],
    ),
    "an ablation that was not thermal, of a list that is not whole": (
        [("no", ("ablation_thermal", "l4"))],
        [("no", ("ablated", "l5")), ("yes", ("ablated", "l5")), ("no", ("ablation_thermal", "l5"))],
    ),
    "a complete record with a test taken as not made for a condition that is there": (
        [("assumed_absent", "t_score"), ("yes", "osteoporosis_diagnosed")], [],
    ),
    "a condition taken as absent beside a test of unknown result": (
        [("assumed_absent", "osteoporosis_diagnosed")], [("assumed", "t_score")],
    ),
    "standard anatomy assumed of a record that names L6": (
        [("assumed", "lumbar_count"), ("yes", ("requested", "l6"))], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSTATABLE)
def test_what_no_record_can_state_is_no_world(name: str) -> None:
    space, (held, missing) = search().space, UNSTATABLE[name]
    assert all(term in space.atoms for term in (*held, *missing))
    wanted = [*map(space.literal, held), *(-space.literal(term) for term in missing)]
    assert space.find([*space.unsaid(), *wanted]) is None
    for spared in range(len(wanted)):
        rest = wanted[:spared] + wanted[spared + 1 :]
        assert space.find([*space.unsaid(), *rest]) is not None, spared


def test_a_complete_record_is_found_that_leaves_a_condition_and_a_test_out_and_is_approved() -> None:
    space = search().space
    left_out = [space.literal(("assumed_absent", term)) for term in ("pregnancy", "t_score")]
    witness = search().witness([space.literal(("recommend", "approve")), *left_out])
    assert witness is not None and witness.decision.recommendation == "approve" and witness.decision.assume_absent
    assert witness.record["record_complete"] is True and witness.case.said("conditions.t_score") is None
    assert witness.case.said("conditions.pregnancy") is None
    assert [departure.topic for departure in witness.departures] == ["record_complete", "t_score", "pregnancy"]


@pytest.mark.parametrize("outcome", ["approve", "partial", "deny", "pend"])
def test_each_outcome_is_found_with_the_fewest_departures(outcome: str) -> None:
    witness = search().witness([search().space.literal(("recommend", outcome))])
    assert witness is not None and witness.decision.recommendation == outcome
    assert len(witness.departures) == (outcome != "approve")


def test_a_time_that_differs_between_request_and_procedure_is_written_as_dates() -> None:
    space, limit = search().space, search().limits["age"][0]
    for now, then in ((limit - 1, limit), (limit - 1, limit + 1), (limit, limit + 1)):
        moments = (("request", now), ("procedure", then))
        goal = [space.literal((form, ("age", w), v)) for w, v in moments for form in ("from", "to")]
        witness = search().witness([*goal, space.literal("documented")])
        assert witness is not None and witness.case.exact("patient.birth_date") is not None
        facts = facts_for(witness.case, search().policy, {}, shape=search().room)
        back = inputs_of(facts, search().quantities, search().limits)
        assert {(form, ("age", w), v) for w, v in moments for form in ("from", "to")} <= back
        assert witness.decision.recommendation == "approve"


def test_the_statuses_of_the_wide_room_are_those_of_a_fresh_grounding_with_plain_facts() -> None:
    for seed in range(1000, 1010):
        random = Random(seed)
        readings = random_readings(random, search())
        world = random_world(random, search(), readings)
        case = search().replay(world).case
        facts = facts_for(case, search().policy, search().policy.readings(readings), shape=search().room)
        fresh = answer_set(search().policy.text, facts.terms())
        kept = set(SHOWN) - {"refusal"}
        assert {t for t in shown_by(world) if name_of(t) in kept} == {t for t in fresh if name_of(t) in kept}, seed
        four = all(("ruled_out", "lumbar_count", count) in facts.stated for count in ("five", "six"))
        unreported = {"t12", "l1", "l2", "l6", "s2"} | ({"l5"} if four else set())
        for name in ("permissible", "refused"):
            here = {t for t, literal in search().space.terms(name).items() if literal in world.true}
            reported = {t for t in fresh if name_of(t) == name}
            assert reported <= here, seed
            assert {t[1] for t in here - reported if isinstance(t, tuple)} <= unreported, seed


IMPOSSIBLE: dict[str, list[tuple[Term, bool]]] = {
    "a minor is approved": [("approve", True), (("unmet", "i1"), True)],
    "an adult is a minor": [(("met", "i1"), True), (("violated", "n1"), True)],
    "a record is approved although a body mass index over 40 stands in it": [
        ("approve", True), (("violated", "n16"), True),
    ],
    "the first radiographic block without the second": [(("violated", "n8"), True), (("violated", "n14"), False)],
    "the second radiographic block without the first": [(("violated", "n14"), True), (("violated", "n8"), False)],
    "a body from L3 to S1 is treated again": [("approve", True), (("treated_against", "i9"), True)],
    "five bodies are approved": [("approve", True), (("exceeds", "i10"), True)],
    "eligible and not eligible": [("eligible", True), ("not_eligible", True)],
}  # fmt: skip


def goal_of(parts: list[tuple[Term, bool]]) -> list[int]:
    space = search().space
    literals = [(space.literal(("recommend", term) if term == "approve" else term), wanted) for term, wanted in parts]
    return [literal if wanted else -literal for literal, wanted in literals]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_proof_holds_cannot_spare_a_premise_and_is_confirmed_by_another_engine(name: str) -> None:
    space, goal = search().space, goal_of(IMPOSSIBLE[name])
    assert search().witness(goal) is None
    proofs = search().proofs(goal, name, most=3, confirm=True)
    assert proofs and all(proof.engine.startswith("z3 ") for proof in proofs)
    assert len({frozenset(proof.premises) for proof in proofs}) == len(proofs)
    grounds = grounds_of(space, search().policy, {})
    run = space.unsaid()
    for proof in proofs:
        held = {premise: [*grounds[premise]] for premise in proof.premises}
        assert space.attempt([*run, *goal, *(x for literals in held.values() for x in literals)]).held is None
        for spared in proof.premises:
            rest = [x for premise, literals in held.items() if premise != spared for x in literals]
            assert space.attempt([*run, *goal, *rest]).core is None, spared
    for first, second in combinations(proofs, 2):
        assert not set(first.premises) <= set(second.premises)


def test_a_proof_names_the_clauses_that_exclude_what_was_asked_for() -> None:
    (proof,) = search().proofs(goal_of(IMPOSSIBLE["an adult is a minor"]), "")
    assert {(p.kind, p.clause) for p in proof.premises if p.kind != "reading"} == {
        ("clause", "i1"), ("limit", "i1"), ("clause", "n1"), ("limit", "n1"),
    }  # fmt: skip
    assert not set(proof.readings) - {"moment", "skeletal_maturity"}


def test_what_a_record_allows_has_no_proof() -> None:
    assert search().proofs(goal_of([("approve", True)]), "") == []


@counts("count, least", (12, 1), (200, 30))
def test_the_completion_is_satisfiable_exactly_when_a_world_is_found(count: int, least: int) -> None:
    space = search().space
    atoms = sorted((t for name in (*SHOWN, "permissible", "refused") for t in space.terms(name)), key=str)
    held = [space.held(premise) for premise in space.premises]
    seen: Counter[bool] = Counter()
    for seed in range(count):
        random = Random(seed)
        chosen = random.sample(atoms, random.choice((2, 3, 5, 8)))
        goal = [random.choice((1, 1, -1)) * space.literal(term) for term in chosen]
        assumed = [*space.run(random_readings(random, search())), *goal]
        found = space.find(assumed) is not None
        whole = certificate.formula(space.statements, [*assumed, *held], whole=True)
        assert certificate.satisfiable(whole) == found, chosen
        seen[found] += 1
    assert min(seen[True], seen[False]) >= least


def test_a_formula_of_what_the_goal_draws_on_is_never_harder_to_satisfy_than_the_whole() -> None:
    space = search().space
    assumed = [*space.run(), *(space.held(premise) for premise in space.premises)]
    goal = [*assumed, space.literal(("recommend", "approve"))]
    assert certificate.satisfiable(certificate.formula(space.statements, goal))
    assert certificate.refuted(space.statements, goal) is None
    impossible = [*goal, space.literal(("unmet", "i1"))]
    assert certificate.refuted(space.statements, impossible) is not None


def test_a_dimacs_file_counts_its_variables_and_clauses() -> None:
    assert certificate.dimacs([(1, -3), (2,)], ["one\nremark"]) == "c one remark\np cnf 3 2\n1 -3 0\n2 0\n"


_NUMBERS = {
    "patient.body_mass_index": ("body_mass_index", 10, 70), "conditions.t_score": ("t_score", -6, 3),
    "patient.age": ("age", 1, 90), "pain.months": ("pain_duration", 1, 90),
    "conservative_care.weeks": ("care_duration", 1, 90),
}  # fmt: skip


def put(record: Record, path: str, value: int) -> Case:
    """Return the case of `record` with a number, given in millionths, in its place, and no date that says the same."""
    section, name = path.split(".")
    same = {"birth_date", "onset", "start", "end"}
    record = {**record, section: {field: value for field, value in record[section].items() if field not in same}}
    sign, whole, rest = "-" * (value < 0), *divmod(abs(value), 1_000_000)
    return Case.model_validate({**record, section: {**record[section], name: f"{sign}{whole}.{rest:06}"}})


@examples(60, 1000)
@given(st.integers(0, 10_000), st.sampled_from(sorted(_NUMBERS)), st.data())
def test_moving_a_number_inside_its_band_never_changes_a_decision(seed: int, path: str, data: st.DataObject) -> None:
    quantity, least, most = _NUMBERS[path]
    limits = limits_of(search().policy.thresholds)[quantity]
    record = random_record(Random(seed))
    if quantity == "care_duration":
        # How long a therapy lasted bounds the course as well.
        for therapy in record["conservative_care"]["therapies"].values():
            if isinstance(therapy, dict):
                therapy.pop("weeks", None)
    near = st.sampled_from([limit + step for limit in limits for step in (-1, 0, 1)])
    value = data.draw(st.one_of(st.integers(least * 1_000_000, most * 1_000_000), near))
    engine = search().engine
    first, second = (engine.decide(put(record, path, v)) for v in (value, representative(value, limits)))
    assert [(c.clause.id, c.status) for c in first.criteria] == [(c.clause.id, c.status) for c in second.criteria]
    assert [(b.name, b.status) for b in first.bodies] == [(b.name, b.status) for b in second.bodies]
    assert (first.recommendation, first.eligibility, first.units) == (
        second.recommendation, second.eligibility, second.units,
    )  # fmt: skip


def test_moving_a_number_to_another_band_can_change_a_decision() -> None:
    record = {"patient": {"age": 50}}
    engine: Engine = search().engine
    statuses = [
        engine.decide(put(record, "patient.body_mass_index", value)).ids("violated")
        for value in (39_999_999, 40_000_000, 40_000_001)
    ]
    assert statuses == [(), (), ("n16",)]


@pytest.mark.slow
def test_what_is_proved_with_one_finding_of_each_kind_stays_proved_with_two_and_three_modic_changes() -> None:
    """Pairs of statuses of criteria that no record has together, under the defaults and under random readings."""
    larger = Space(ground(search().policy.text, Shape(bodies=WIDE_BODIES, findings=2, surgeries=2, modic=3)))
    small = search().space
    terms = sorted((t for name in ("met", "unmet", "violated", "clear") for t in small.terms(name)), key=str)
    terms += [("recommend", outcome) for outcome in ("approve", "partial", "deny", "pend")]
    proved: Counter[str] = Counter()
    for seed in range(4):
        random = Random(seed)
        readings = random_readings(random, search()) if seed else {}
        name = "defaults" if not seed else "readings"
        for first, second in random.sample(list(combinations(terms, 2)), 1500):
            wanted = (first, second)
            if small.find([*small.run(readings), *map(small.literal, wanted)]) is None:
                assert larger.find([*larger.run(readings), *map(larger.literal, wanted)]) is None, wanted
                proved[name] += 1
    assert min(proved["defaults"], proved["readings"]) > 20


def test_two_sides_share_what_a_record_states_and_nothing_that_a_policy_concludes() -> None:
    # Were a conclusion shared because its name is a word of the search, each side would draw on how the other reads.
    found = ground(shipped_policy().text, Shape())
    concluded = {signature for rule in _rules_of(shipped_policy().text) for signature in _sides(rule)[0]}
    space = Space(found, found)
    shared = {term for term, literal in space.atoms.items() if space.literal(term, 1) == literal}
    assert ("closed" in shared) and ("yes", "pregnancy") in shared
    assert [t for t in shared if isinstance(t, tuple) and (name_of(t), len(t) - 1) in concluded] == []
