"""Three-valued answers: they are those of all completions, bounds included, and less stated is never decided better."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from bvn_asp.decision.agreement import declared
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.shapes import names_optional_body
from bvn_asp.decision.verdict import SIDES
from bvn_asp.policy.grounding import answer_set
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.representatives import limits_of
from bvn_asp.policy.terms import Term, name_of, pattern
from bvn_asp.record.case import Case
from bvn_asp.record.field import Field
from bvn_asp.record.statements import GRAIN, NOT_MEASURED, UNKNOWN, Range, plain
from bvn_asp.record.table import FINDING_KINDS, TABLE
from tests.random_cases import approvable, random_readings, random_record
from tests.sample_cases import samples
from tests.shared import ENGINE

Record = dict[str, Any]
LIMITS = limits_of(ENGINE.policy.thresholds)
STATED_LATER = ("patient.birth_date", "pain.onset", "conservative_care.start", "conservative_care.end")


def at(record: Record, path: str) -> Record:
    for name in path.split(".")[:-1]:
        record = record.setdefault(name, {})
    return record


def put(record: Record, path: str, value: Any) -> None:
    section = at(record, path)
    section[path.rpartition(".")[2]] = value


def exact_values(row: Field, random: Random) -> list[Any]:
    """Return exact values of a field: all of them, or of a number one for each answer to every comparison."""
    if row.form == "answer":
        return [True, False]
    if row.form == "choice":
        return list(row.values)
    limits = [Decimal(limit) * GRAIN for limit in LIMITS.get(row.quantity, [])] or [Decimal(max(row.low, 1))]
    numbers = [limit + step * GRAIN for limit in limits for step in (-1, 0, 1)]
    return [plain(n) for n in numbers] + ([NOT_MEASURED] if row.measured else [])


PLAIN = [
    row for row in TABLE.plain
    if row.decides and row.form in ("answer", "choice", "number") and row.path not in STATED_LATER
    and not (row.section.startswith("conservative_care.therapies.") and row.name == "weeks")
    and row.path not in ("conservative_care.weeks", "patient.lumbar_vertebrae")
]  # fmt: skip


def exact_record(random: Random) -> Record:
    """Return a record that states every fact, number and choice exactly, and is often approved."""
    record = approvable(random)
    record["request"] |= {"date": "2024-05-17", "planned_procedure_date": "2024-05-17"}
    record["patient"]["lumbar_vertebrae"] = "five"
    record["conservative_care"]["therapies"] = {}
    for row in TABLE.plain:
        if not row.decides or row.form not in ("answer", "choice", "number", "names") or row.path in STATED_LATER:
            continue
        section = at(record, row.path)
        if row.name in section or row.path == "findings.absent":
            continue
        if row.form == "names":
            section |= {row.name: row.values[0], f"other_{row.name}": "absent"}
        elif row.section.startswith("conservative_care.therapies."):
            received = row.section.rpartition(".")[2] in ("activity_avoidance", "physical_therapy", "pharmacotherapy")
            section[row.name] = {"received": received, "begun": received, "weeks": 8}.get(row.name, False)
        else:
            section[row.name] = "wore_off" if row.name.endswith("improved") else exact_values(row, random)[-1]
    record["conditions"]["t_score"] = "-1"
    (change,) = record["mri"]["modic_changes"]
    change |= {"endplate": "both", "stated_by_clinician": True, "features": ["edema"], "other_features": "absent"}
    record["conservative_care"]["documentation_missing"] = False
    for _ in range(random.randint(0, 2)):
        row = random.choice(PLAIN)
        before = copy.deepcopy(record)
        put(record, row.path, random.choice(exact_values(row, random)))
        if not possible(record):
            record = before
    return record


def possible(record: Record) -> bool:
    """Tell whether a record contradicts itself nowhere: what was received was begun."""
    therapies = record["conservative_care"]["therapies"].values()
    return not any(therapy.get("received") and not therapy.get("begun", True) for therapy in therapies)


def test_the_exact_record_leaves_nothing_open() -> None:
    for seed in range(5):
        case = Case.model_validate(exact_record(Random(seed)))
        facts = facts_for(case, ENGINE.policy, {})
        details = {row[0] for row in ENGINE.program(facts.shape).rows("fact", 2)}
        absent = {("no", ("present", part)) for part in _entities(details)} & set(facts.stated)
        left = [
            term for term in declared(ENGINE.program(facts.shape)).keys() - facts.settled()
            if not any(("no", ("present", part)) in absent for part in _entities({term}))
            and not any(isinstance(p, tuple) and p[0] in ("finding", "surgery") for p in _entities({term}))
            and term != ("unmeasured", "t_score")
            and not any(name_of(term) == name for name in (
                "ablation_completed", "ablation_thermal", "thermal_ablation_completed",
            ))
        ]  # fmt: skip
        # What is no finding, surgery or ablation has no details that could matter.
        assert left == []


def _entities(terms: set[Term]) -> set[Term]:
    return {part for term in terms if isinstance(term, tuple) for part in term if isinstance(part, tuple)}


def loosened(row: Field, random: Random) -> tuple[Any, list[Any]]:
    """Return a loose statement of a field, and the exact ones that it leaves possible."""
    values = exact_values(row, random)
    if row.form == "choice" and len(values) > 2 and random.random() < 0.6:
        left = random.sample(values, random.randint(2, len(values) - 1))
        return " or ".join(left), left
    if row.form == "number" and random.random() < 0.7:
        low, high = sorted(Decimal(v) for v in random.sample([v for v in values if v != NOT_MEASURED], 2))
        text, bound = random.choice((
            (f"at least {low}", Range(low)), (f"at most {high}", Range(None, high)),
            (f"more than {low}", Range(low + GRAIN)), (f"less than {high}", Range(None, high - GRAIN)),
            (f"{low} to {high}", Range(low, high)),
        ))  # fmt: skip
        left = [
            v for v in values if v != NOT_MEASURED
            and (bound.low is None or Decimal(v) >= bound.low) and (bound.high is None or Decimal(v) <= bound.high)
        ]  # fmt: skip
        # A bound at the edge may leave only what lies beyond all limits.
        if left:
            return text, left
    return (UNKNOWN if silence_says_something(row) else random.choice((None, UNKNOWN))), values


def silence_says_something(row: Field) -> bool:
    """Tell whether something is assumed of what a record does not mention: left out is then more than left open."""
    return pattern(row.term) in ENGINE.policy.assumable


def answers(shown: frozenset[Term], decision: Decision) -> dict[str, str]:
    """Return the statuses that an answer set shows, by name."""
    found: dict[str, str] = {}
    for criterion in decision.criteria:
        sides = SIDES[criterion.clause.kind]
        found[criterion.clause.id] = next((s for s in sides if (s, criterion.clause.id) in shown), "undetermined")
    for body in decision.bodies:
        statuses = ("permissible", "refused")
        found[body.name] = next((s for s in statuses if (s, body.name.lower()) in shown), "undetermined")
    found["eligibility"] = next((s for s in ("eligible", "not_eligible") if s in shown), "undetermined")
    found["recommendation"] = next((o for o in OUTCOMES if ("recommend", o) in shown), "pend")
    return found


def named(decision: Decision) -> dict[str, str]:
    return {
        **{criterion.clause.id: criterion.status for criterion in decision.criteria},
        **{body.name: body.status for body in decision.bodies},
        "eligibility": decision.eligibility, "recommendation": str(decision.recommendation),
    }  # fmt: skip


def combined(found: list[dict[str, str]]) -> dict[str, str]:
    """Return what all answers agree on, and else what an open answer is called."""
    return {
        name: found[0][name] if len({one[name] for one in found}) == 1 else "pend" if name == "recommendation"
        else "undetermined"
        for name in found[0]
    }  # fmt: skip


def compare_with_all_completions(seed: int, *, plainly: bool = False) -> int:
    """Compare a loosened record with all its completions; return how many answers it leaves open."""
    random = Random(seed)
    record, readings = exact_record(random), random_readings(random, ENGINE.policy)
    rows = random.sample(PLAIN, random.choice((1, 2, 2, 3)))
    loose = copy.deepcopy(record)
    left: list[list[Any]] = []
    for row in rows:
        text, values = loosened(row, random)
        put(loose, row.path, text)
        if text is None:
            del at(loose, row.path)[row.name]
        left.append(values)
    decision = ENGINE.decide(Case.model_validate(loose), readings)
    found: list[dict[str, str]] = []
    completions = list(itertools.product(*left))
    for chosen in random.sample(completions, min(len(completions), 4)) if plainly else completions:
        for row, value in zip(rows, chosen, strict=True):
            put(record, row.path, value)
        if not possible(record):
            continue
        case = Case.model_validate(record)
        facts = facts_for(case, ENGINE.policy, ENGINE.policy.readings(readings))
        if plainly:
            shown = answer_set(ENGINE.policy.text, facts.terms())
        else:
            program = ENGINE.program(facts.shape)
            shown = program.statuses(program.assume(ENGINE.assumed(program, facts)))
        found.append(answers(shown, decision))
    expected, given = combined(found), named(decision)
    if plainly:
        # Some completions: what is settled holds in each of them.
        settled = {name: status for name, status in given.items() if status not in ("undetermined", "pend")}
        assert all(one[name] == status for one in found for name, status in settled.items()), (seed, loose, readings)
    else:
        assert given == expected, (seed, loose, readings)
        if expected["recommendation"] == "pend":
            # Where a reading leaves an exact record open, that is no recommendation of its own.
            assert set(decision.possible) == {one["recommendation"] for one in found} - {"pend"}, (seed, loose)
            assert decision.missing, (seed, loose)
    return sum(status in ("undetermined", "pend") for status in given.values())


def test_the_explanation_says_what_is_recommended_and_an_approval_has_units_even_if_only_completions_settle_it() -> (
    None
):
    for name, case in samples().items():
        decision = ENGINE.decide(case, settlements=False)
        assert decision.explanation.text == (decision.recommendation or "none: nothing is requested"), name
        assert bool(decision.units) == (decision.recommendation in ("approve", "partial")), name


@pytest.mark.parametrize("part", range(3))
def test_an_answer_is_that_of_all_completions(part: int) -> None:
    opened = [compare_with_all_completions(seed) for seed in range(part * 50, part * 50 + 50)]
    assert sum(map(bool, opened)) > 15 and not all(opened)


def test_plain_clingo_on_exact_completions_agrees_with_what_is_settled() -> None:
    assert any(compare_with_all_completions(seed, plainly=True) for seed in range(1_000, 1_008))


@pytest.mark.slow
def test_an_answer_is_that_of_all_completions_of_very_many_records() -> None:
    for seed in range(10_000, 20_000):
        compare_with_all_completions(seed)


# --- less stated is never decided better -------------------------------------------------------------------------

SETTLED = ("met", "clear", "permissible", "approve", "partial", "eligible")


def better(before: Decision, after: Decision) -> list[str]:
    """Return what is granted after that was not before; a grant of all instead of a part is one, too."""
    one, other = named(before), named(after)
    found = [
        f"{name}: {one.get(name, status)} -> {status}" for name, status in other.items()
        if status in SETTLED and one.get(name, status) != status and name != "recommendation"
    ]  # fmt: skip
    if other["recommendation"] in ("approve", "partial") and one["recommendation"] not in (
        other["recommendation"], "approve",
    ):  # fmt: skip
        found.append(f"{one['recommendation']} -> {other['recommendation']}")
    return found


# The anatomy that is assumed instead, a suspicion without which an entry is certain, and what is asked for.
_KEPT = ("lumbar_vertebrae", "certainty", "bodies", "units", "kind")


def statements(record: Any, path: str = "") -> Iterator[tuple[Record, str, Field]]:
    """Yield the fields that a record states: the section, the name, and the row."""
    for name, value in list(record.items()):
        below = f"{path}.{name}" if path else name
        row = TABLE.by_path.get(below)
        if row is not None and (name not in _KEPT or row.path == "ablations[].bodies"):
            yield record, name, row
        elif isinstance(value, dict) and row is None:
            yield from statements(value, below)
        if isinstance(value, list) and f"{below}[]" in TABLE.lists:
            for entry in value:
                yield from statements(entry, f"{below}[]")


def looser(value: Any, row: Field, random: Random) -> Any:
    """Return a statement that rules out less than `value`; None if it is best left out."""
    if isinstance(value, dict | list) or random.random() < 0.5:
        return random.choice((None, UNKNOWN))
    if row.form == "choice" and value in row.values and len(row.values) > 2:
        return f"{value} or {random.choice([v for v in row.values if v != value])}"
    if row.form == "number":
        try:
            number = Decimal(str(value))
        except ArithmeticError:
            return None
        return random.choice(
            (f"at least {plain(number)}", f"at most {plain(number)}", f"{plain(number)} to {row.high}")
        )
    if row.form == "date" and len(str(value)) == 10:
        return random.choice((str(value)[:7], str(value)[:4], f"since {value}", f"until {value}"))
    return None


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_what_is_deleted_or_loosened_never_makes_an_answer_better(seed: int) -> None:
    random, compared, worse = Random(seed), 0, 0
    for _ in range(25):
        record, readings = random_record(random), random_readings(random, ENGINE.policy)
        before = ENGINE.decide(Case.model_validate(record), readings, assume_absent=False)
        # What contradicts itself is left open, and no longer does without one of its statements.
        if before.warnings:
            continue
        for _ in range(6):
            less = copy.deepcopy(record)
            section, name, row = random.choice(list(statements(less)))
            value = looser(section[name], row, random)
            if value is None and silence_says_something(row):
                value = UNKNOWN
            section[name] = value
            if value is None:
                del section[name]
            try:
                case = Case.model_validate(less)
            except ValueError:
                continue
            if names_optional_body(case) != names_optional_body(Case.model_validate(record)):
                # Without the body that some patients have, the usual anatomy is assumed.
                continue
            after = ENGINE.decide(case, readings, assume_absent=False)
            compared += 1
            worse += named(after) != named(before)
            assert better(before, after) == [], (row.path, value, record, readings)
    assert compared > 80 and worse > 10


def test_the_comparison_itself_sees_what_is_better() -> None:
    random = Random(1)
    good = ENGINE.decide(Case.model_validate(approvable(random)))
    record = approvable(random)
    record["conditions"]["pregnancy"] = UNKNOWN
    record["findings"]["absent"] = list(FINDING_KINDS)
    pended = ENGINE.decide(Case.model_validate(record))
    assert better(pended, good) == [
        "n5: undetermined -> clear", "eligibility: undetermined -> eligible", "pend -> approve",
    ]  # fmt: skip
    assert better(good, pended) == []
