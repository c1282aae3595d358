"""The atlas: near misses that differ in one entry only, on the right sides of every limit, and hold the policy."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from subprocess import PIPE, run

import pytest
import yaml
from click.testing import CliRunner

from bvn_asp.analysis.atlas import Atlas, Entry, bench
from bvn_asp.analysis.atlas.edits import Edits
from bvn_asp.analysis.atlas.survey import answers
from bvn_asp.analysis.atlas.twins import Pair, Twin
from bvn_asp.analysis.mutants import Answer, Verdict, difference, mutants, recommended, survey
from bvn_asp.analysis.query.casefile import case_text
from bvn_asp.analysis.records import ground
from bvn_asp.analysis.search import Search
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.expectations import Coverage, check
from bvn_asp.decision.facts import facts_for
from bvn_asp.decision.shapes import ANATOMY
from bvn_asp.decision.verdict import SIDES
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import policy_of
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.anatomy import discs_between
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case, read_case
from bvn_asp.report.atlas import cases_of, incomplete
from tests.campaigns import counts
from tests.shared import ENGINE
from tests.worlds import RECORD


@cache
def atlas() -> Atlas:
    return Atlas(shipped_policy())


@cache
def of_kind(kind: str) -> tuple[Entry, ...]:
    return tuple(atlas().entries((kind,)))


def pairs(*kinds: str) -> list[tuple[Entry, Pair]]:
    return [(entry, entry.pair) for kind in kinds for entry in of_kind(kind) if entry.pair is not None]


# Just below, at and just above the limit, as the document words it: at least 18 years, 6 months or more, more than
# 6 weeks, more than 5 mm, at least 2 mm, -2.5 or less, greater than 40, more than 6 months before the ablation.
AT_LEAST, MORE_THAN = ("deny", "approve", "approve"), ("deny", "deny", "approve")
LESS_THAN, AT_MOST = ("approve", "deny", "deny"), ("approve", "approve", "deny")
LIMITS = {
    ("i1", "age at the procedure"): (18, AT_LEAST),
    ("i1", "age at the request"): (18, AT_LEAST),
    ("n1", "age at the procedure"): (18, AT_LEAST),
    ("n1", "age at the request"): (18, AT_LEAST),
    ("i2", "duration of the pain at the procedure"): (6, AT_LEAST),
    ("i2", "duration of the pain at the request"): (6, AT_LEAST),
    ("i3", "duration of conservative care at the procedure"): (6, MORE_THAN),
    ("i3", "duration of conservative care at the request"): (6, MORE_THAN),
    ("n7", "spine surgery: time from surgery to procedure"): (6, MORE_THAN),
    ("n8a", "disc herniation: size"): (5, AT_MOST),
    ("n14a", "disc herniation: size"): (5, AT_MOST),
    ("n8b", "spondylolisthesis: slip"): (2, LESS_THAN),
    ("n14b", "spondylolisthesis: slip"): (2, LESS_THAN),
    ("n8b", "spondylolisthesis: Meyerding grade"): (2, LESS_THAN),
    ("n14b", "spondylolisthesis: Meyerding grade"): (2, LESS_THAN),
    ("n10", "lowest T-score"): (-2.5, ("deny", "deny", "approve")),
    ("n16", "body mass index"): (40, AT_MOST),
}  # fmt: skip


def stated_number(twin: Twin) -> float:
    """Return the number that counts: where two are stated, the one at the request."""
    return float(twin.states.split(" at the procedure, ")[-1].split()[0])


def test_each_limit_is_shown_just_below_at_and_just_above_with_what_the_document_says() -> None:
    found = {}
    for entry in of_kind("limit"):
        assert entry.pair is not None and len(entry.pair.twins) == 3, entry
        twins = sorted(entry.pair.twins, key=stated_number)
        limit = stated_number(twins[1])
        assert limit - 1 <= stated_number(twins[0]) < limit < stated_number(twins[2]) <= limit + 1
        # What is against one body denies it: the request in part, if it asks for more than that.
        outcomes = ("deny" if twin.recommendation == "partial" else twin.recommendation for twin in twins)
        found[entry.edge.clause, entry.edge.words] = limit, tuple(outcomes)
    therapies = {key: value for key, value in found.items() if key not in LIMITS}
    assert {key: found[key] for key in LIMITS} == LIMITS
    # The nine treatments have the limit of the whole course, under the reading that asks it of each.
    assert len(therapies) == 9 and set(therapies.values()) == {(6, MORE_THAN)}


def test_only_the_limits_of_another_moment_and_of_each_therapy_need_another_reading() -> None:
    for entry in of_kind("limit"):
        assert entry.pair is not None
        words = entry.edge.words
        if words == "age at the request":
            assert entry.pair.readings == {"age_moment": "request"}
        elif "self-directed" in words:
            assert entry.pair.readings == {"care_span": "each_therapy", "self_directed_exercise": "counts"}
        elif entry.edge.clause == "i3" and "conservative care" not in words:
            assert entry.pair.readings == {"care_span": "each_therapy"}
        elif "Meyerding" in words:
            assert entry.pair.readings == {"meyerding_grade": "shows"}
        else:
            assert entry.pair.readings == {}


def inputs(twin: Twin) -> set[Term]:
    facts = facts_for(twin.witness.case, shipped_policy(), twin.witness.readings)
    return {t for t in facts.stated if name_of(t) in RECORD}


def holder(term: Term) -> Term:
    """Return the entry of a record that states an input: an entity, a list, or the fact itself."""
    subject = term[1] if isinstance(term, tuple) else term
    parts = subject[1:] if isinstance(subject, tuple) else ()
    entity = next((part for part in parts if isinstance(part, tuple)), None)
    if entity is not None:
        return entity
    if isinstance(subject, tuple) and subject[0] == "unmeasured":
        return subject[1]
    if name_of(subject) in ("age", "pain_duration", "care_duration"):
        # With the days of request and procedure, all of these are bounded at the procedure.
        return "times"
    if name_of(subject) in ("ablated", "ablation_completed", "ablation_thermal", "thermal_ablation_completed"):
        return "ablated"
    if name_of(subject) == "requested":
        return "requested"
    return subject


@counts("kinds, step", (("clause", "limit", "reading"), 8), (("clause", "limit", "reading", "fact"), 1))
def test_the_records_of_a_pair_differ_in_one_entry_and_are_decided_differently(
    kinds: tuple[str, ...], step: int
) -> None:
    for entry, pair in pairs(*kinds)[::step]:
        first, *rest = pair.twins
        assert len({twin.recommendation for twin in pair.twins}) > 1, entry.edge
        for twin in pair.twins:
            again = ENGINE.decide(twin.witness.case, twin.witness.readings)
            assert again.recommendation == twin.recommendation, entry.edge
        for other in rest:
            apart = inputs(first) ^ inputs(other)
            if entry.edge.kind == "reading":
                assert not apart and first.witness.readings != other.witness.readings
            else:
                assert first.witness.readings == other.witness.readings == pair.readings
                # A place may need a wider look at the spine, and then says the same of more bodies.
                assert {holder(term) for term in apart if not wider(term, first, other)} != set(), entry.edge
                assert len({holder(t) for t in apart if not wider(t, first, other)}) == 1, entry.edge


def wider(term: Term, one: Twin, other: Twin) -> bool:
    """Tell whether `term` is there only because one of the two looks at more bodies, or at discs of another anatomy."""
    rooms = [facts_for(t.witness.case, shipped_policy(), t.witness.readings).shape.bodies for t in (one, other)]
    extra = {body.lower() for body in set(rooms[0]) ^ set(rooms[1])}
    discs = set(discs_between(rooms[0])) ^ set(discs_between(rooms[1]))
    places = [*(f"'{body}'" for body in extra), *(f"'{one.lower()}', '{other.lower()}'" for one, other in discs)]
    return name_of(term) == "no" and any(place in str(term) for place in places)


def failing(twin: Twin) -> set[str]:
    decision = twin.witness.decision
    return {*decision.ids("unmet", parts=True), *decision.ids("violated", parts=True)}


def test_a_clause_fails_on_the_worse_record_only_and_what_fails_along_is_named() -> None:
    clauses = shipped_policy().clauses
    for entry in of_kind("clause"):
        assert entry.pair is not None, entry.edge
        better, worse = entry.pair.twins
        clause = clauses[entry.edge.clause]
        if clause.kind not in SIDES:
            continue
        assert clause.id in failing(worse) and clause.id not in failing(better), clause.id
        whole = clause.part_of or clause.id
        others = {id for id in failing(worse) if clauses[id].part_of is None and id != whole}
        assert others == set(entry.along), clause.id


def test_every_clause_has_a_pair_and_the_ones_that_never_fail_alone_say_why() -> None:
    found = {entry.edge.clause: entry for entry in of_kind("clause")}
    clauses = shipped_policy().clauses
    assert set(found) == {c.id for c in clauses.values() if c.kind in (*SIDES, "level")}
    repeated = {"i1", "n1", "i7", "i7a", "i7b", "i9", "i10", "n20", "n21", "n8", "n8a", "n8b", "n8c", "n8d", "n14",
                "n14a", "n14b", "n14c", "n14d"}  # fmt: skip
    swallowed = {"n15", "n22b"}  # by each other: a finding on imaging that is judged a likely source
    flag_only = {"i8"}  # billing text by default
    assert {id for id, entry in found.items() if entry.proof} == repeated | swallowed | flag_only
    assert found["n8c"].along == ("n14",) and found["n14c"].along == ("n8",)
    assert set(found["n8c"].proof.clauses) == {"n8c", "n14c", "n14"}  # type: ignore[union-attr]
    assert found["i1"].along == ("n1",) and found["n1"].along == ("i1",)
    assert found["n15"].along == ("n22",) and found["n22b"].along == ("n15",)
    assert found["i8"].pair.readings == {"anaesthesia": "criterion"}  # type: ignore[union-attr]
    assert all(not entry.along for id, entry in found.items() if id not in repeated | swallowed)


def test_every_option_of_every_question_decides_some_record_otherwise_than_the_default() -> None:
    policy = shipped_policy()
    wanted = Counter({q.id: len(q.options) - 1 for q in policy.questions.values()})
    # By itself the number of lumbar vertebrae matters only to records that name L6, and of those nothing is assumed.
    del wanted[ANATOMY]
    # These decide only where another question is read otherwise too, as the audit says of them.
    wanted -= Counter({"deformity": 2, "old_decompression": 1, "lifetime_range": 1, "scar_explains": 1})
    assert Counter(entry.edge.clause for entry in of_kind("reading") if entry.pair) == wanted


@pytest.mark.slow
def test_facts_that_no_recommendation_draws_on_are_named() -> None:
    assert {e.edge.words for e in of_kind("fact") if not e.pair} == {
        "classes of drug used: other", "self-directed exercise: medically contraindicated",
    }  # fmt: skip


@counts("kinds, least", (("clause", "limit", "reading"), 20), (("clause", "limit", "reading", "fact"), 50))
def test_many_pairs_begin_with_the_usual_patient(kinds: tuple[str, ...], least: int) -> None:
    usual = [pair for _, pair in pairs(*kinds) if not pair.twins[0].witness.departures]
    assert len(usual) > least


def test_saved_records_are_cases_that_expect_what_is_decided(tmp_path: Path) -> None:
    target = tmp_path / "atlas"
    result = CliRunner().invoke(bvn, ["atlas", "--limit", "12", "--save", str(target), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert not document["complete"] and len(document["edges"]) == 12
    assert [edge["clause"] for edge in document["edges"][:3]] == ["i1", "i2", "i3"]
    files = sorted(target.glob("*.yaml"))
    assert len(files) == 24
    for path in files:
        case = load_case(path)
        assert case.story and case.expected
        assert [found for _, differ in check(ENGINE, case, Coverage()) for found in differ] == []


def test_the_records_of_the_document_are_those_that_were_decided() -> None:
    result = CliRunner().invoke(bvn, ["atlas", "--limit", "2", "--json"])
    for edge in json.loads(result.output)["edges"]:
        for record in edge["records"]:
            case = Case.model_validate(record["record"])
            assert ENGINE.decide(case, record["readings"]).recommendation == record["recommendation"]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({}))
    result = CliRunner().invoke(bvn, ["atlas", "--limit", "1", "--save", str(tmp_path)])
    assert result.exit_code != 0 and "not an empty folder" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_table_says_what_is_complete_and_what_is_not() -> None:
    short = CliRunner().invoke(bvn, ["atlas", "--limit", "1", "--markdown"])
    assert "Not complete: stopped after 1 edges, as asked" in short.output
    assert short.output.startswith("| edge | differs in | records and recommendations | remarks |\n|---|---|---|---|\n")
    late = CliRunner().invoke(bvn, ["atlas", "--timeout", "0.1", "--markdown"])
    assert late.exit_code == 0 and "Not complete: the time was up" in late.output


@cache
def edits() -> Edits:
    return Edits(Search(shipped_policy()))


def test_an_edge_that_the_bound_on_its_search_leaves_open_is_named_and_nothing_is_complete_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "MOST_CONFLICTS", 1)
    document = json.loads(CliRunner().invoke(bvn, ["atlas", "--json", "--limit", "3"]).stdout)
    still = [edge for edge in document["edges"] if not edge["settled"]]
    assert still and all(edge["remark"] == bench.OPEN and not edge["records"] for edge in still)
    assert document["complete"] is False
    assert f"{len(still)} edges left open" in document["remark"] or "1 edge left open" in document["remark"]
    for table in ([], ["--markdown"]):
        said = CliRunner().invoke(bvn, ["atlas", *table, "--limit", "3"]).stdout
        assert said.count(bench.OPEN) == len(still) and "left open; what is shown stands." in said


@counts("kinds, least", (("clause", "limit", "reading"), 50), (("clause", "limit", "reading", "fact"), 100))
def test_every_edge_is_settled_within_the_bound_on_its_search(kinds: tuple[str, ...], least: int) -> None:
    found = [entry for kind in kinds for entry in of_kind(kind)]
    assert len(found) > least
    assert [entry.edge for entry in found if not entry.settled] == []
    assert bench.PERHAPS_NEARER not in {entry.remark for entry in found}
    assert incomplete(found, "") == ""


def test_edges_are_the_same_for_every_seed_of_hashing() -> None:
    shown = [
        run(
            [sys.executable, "-m", "bvn_asp", "atlas", "--json", "--limit", "8"], check=True, stdout=PIPE,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77")
    ]  # fmt: skip
    assert shown[0] == shown[1]


def test_an_edit_of_a_rule_is_shown_by_a_record_that_the_edited_policy_recommends_otherwise() -> None:
    """Each record is decided by the edited program itself, ground anew."""
    search = Search(shipped_policy())
    made, seen = edits(), 0
    edited = {" ".join(mutant.name.split()): mutant.text for mutant in mutants(search.policy.text)}
    for number in range(700, len(made.edits), 53):
        edit, world = made.edits[number], made.find(number, None)
        if world is not None:
            witness = search.decided(world.inputs[0])
            answer = Answer(witness.case, witness.readings, str(witness.decision.recommendation))
            assert recommended(ENGINE, answer) or answer.recommendation == "pend", edit
            assert not recommended(Engine(policy_of(edited[f"{edit.line}: {edit.words}"])), answer), edit
            seen += 1
    assert seen > 3


def test_an_edit_that_changes_nothing_has_no_record() -> None:
    made = edits()
    idle = [number for number, edit in enumerate(made.edits) if edit.words.endswith("[without considered(B)]")]
    assert idle and any(made.find(number, None) is None for number in idle)


@pytest.mark.parametrize(
    ("rule", "words", "outcomes"),
    [
        ("request_made :- yes(request_made).", "requested", {"none"}),
        ("passes_at(n20,B) :- within_lifetime(B); chosen(obligations,breach).", "how the policy is read", {"deny"}),
    ],
)
def test_an_edit_that_no_near_miss_can_show_is_shown_by_another_request_or_reading(
    rule: str, words: str, outcomes: set[str]
) -> None:
    policy = shipped_policy()
    names = {" ".join(m.name.split()).split(": ", 1)[1]: m for m in mutants(policy.text)}
    (mutant,) = (m for name, m in names.items() if name.startswith(rule) and "without" in name and shows(name))
    found = difference(ground(policy.text), mutant.text, ("recommend",))
    assert found is not None
    entry = atlas().edited(Verdict(mutant, "alive", found[0].inputs[0]))
    assert entry.pair is not None and entry.pair.words == words
    assert outcomes <= {twin.recommendation for twin in entry.pair.twins}
    for record, story, expected in cases_of(entry, entry.pair):
        text = case_text(record, story, expected)
        assert [found for _, differ in check(ENGINE, read_case(text), Coverage()) for found in differ] == []


def shows(name: str) -> bool:
    return name.endswith(("[without yes(request_made)]", "[without chosen(obligations,breach)]"))


@pytest.mark.slow
def test_every_edit_of_a_sample_of_the_policy_is_killed_by_recommendations_alone_or_recommends_the_same() -> None:
    """Every sixteenth edit, for the time of the gate; `bvn atlas --missing --conditions --mutants 1` takes all."""
    made = atlas()
    verdicts = list(survey(shipped_policy().text, answers(made.entries()), every=16))
    assert [v.mutant.name for v in verdicts if v.outcome == "alive" and made.edited(v).pair is None] == []
    # Most need no pair of their own.
    counts = Counter(verdict.outcome for verdict in verdicts)
    assert counts["killed"] > 10 * counts["alive"] and counts["killed"] > 20
