"""policy.lp: complete against the document, clean for clingo, and built so that silence can never approve."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from clingo import ast

from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.decision.shapes import ANATOMY
from bvn_asp.decision.verdict import SIDES
from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.policy import trial
from bvn_asp.policy.forms import check_forms
from bvn_asp.policy.grounding import INPUTS, answer_set
from bvn_asp.policy.loading import load_policy, shipped_path, shipped_policy
from bvn_asp.policy.program import OpenProgram
from bvn_asp.policy.register import Policy, policy_of
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.case import Case
from tests.random_cases import random_case

# The document's outline, counted in it by hand: section, number of items, and items with a list of their own.
OUTLINE = {
    "Indications": (10, {"3": 6, "4": 2, "7": 2}),
    "Non-Indications": (22, {"8": 4, "14": 4, "22": 2}),
    "Definitions": (4, {}),
    "Procedure Codes": (2, {}),
}
OTHER_SECTIONS = {
    "Notices", "Policy Information", "Table of Contents", "Related CMS Documents", "Description",
    "Level of Care Criteria", "Procedure Codes", "Evaluation of Clinical Harms and Benefits", "Medical Evidence",
    "References", "Revision History",
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    return shipped_policy()


@pytest.fixture(scope="module")
def program(policy: Policy) -> OpenProgram:
    return OpenProgram(policy.text, Shape(modic=2, surgeries=2, findings=2).terms())


def statements() -> list[Any]:
    found: list[Any] = []
    ast.parse_string(shipped_policy().text, found.append)
    return found


@pytest.mark.parametrize("section", sorted(OUTLINE))
def test_every_item_of_the_document_is_a_clause(policy: Policy, section: str) -> None:
    items, lists = OUTLINE[section]
    clauses = [c for c in policy.clauses.values() if c.section == section and c.kind != "lead_in"]
    whole = [c for c in clauses if c.part_of is None]
    if section != "Procedure Codes":
        level = [c for c in whole if c.kind != "level"]
        assert [c.item for c in level] == [str(number) for number in range(1, items + 1)]
    else:
        assert [c.item for c in whole] == ["64628", "64629"]
    for item, count in lists.items():
        parent = next(c for c in whole if c.item == item)
        assert len([c for c in clauses if c.part_of == parent.id]) == count


def test_sections_without_criteria_are_listed_as_unencoded_with_a_reason(policy: Policy) -> None:
    assert {section for section, _, _ in policy.unencoded} >= OTHER_SECTIONS
    assert all(why for _, _, why in policy.unencoded)


def test_every_criterion_cites_references_of_the_document(policy: Policy) -> None:
    for clause in policy.clauses.values():
        if clause.kind in SIDES:
            assert clause.references and all(1 <= number <= 17 for number in clause.references), clause


def test_every_question_has_a_default_among_two_or_more_options_and_each_option_is_used(policy: Policy) -> None:
    found = re.findall(r"chosen\((\w+),\(?([\w;]+)\)", policy.text)
    used = {(question, option) for question, options in found for option in options.split(";")}
    anyhow = {option for question, option in used if question == "Q"}
    for question in policy.questions.values():
        assert len(question.options) >= 2
        assert question.default in question.options
        assert question.why and question.where and question.text
        unused = {option for option in question.options if (question.id, option) not in used and option not in anyhow}
        # Some questions choose among facts by a variable, and of one a rule names the option that takes something away;
        # every other option stands in a rule by name.
        by_variable = ("age_moment", "course_moment", "lumbar_vertebrae", "injections", "precedence")
        assert not unused or question.id in by_variable, (question.id, unused)


def test_clingo_has_nothing_to_say_and_every_random_record_has_exactly_one_answer_set(policy: Policy) -> None:
    for seed in range(40):
        answer_set(policy.text, facts_for(random_case(Random(seed)), policy, {}).terms())


def test_a_message_of_clingo_is_an_error(policy: Policy) -> None:
    with pytest.raises(PolicyError, match="atom does not occur in any rule head"):
        policy_of(policy.text + "met(i1) :- mispelt(i1).\n")


def test_the_policy_neither_searches_nor_reaches_outside() -> None:
    kinds = {node.ast_type for node in statements()}
    assert kinds == {
        ast.ASTType.Program, ast.ASTType.Rule, ast.ASTType.Definition, ast.ASTType.Defined,
        ast.ASTType.ShowSignature, ast.ASTType.ShowTerm, ast.ASTType.Comment,
    }  # fmt: skip
    heads = {node.head.ast_type for node in statements() if node.ast_type == ast.ASTType.Rule}
    assert heads == {ast.ASTType.Literal}
    check_forms(shipped_policy().text, "policy.lp")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("met(i0) :- met(i1), met(i2). met(i1) :- met(i0), yes(pregnancy).", "in a circle"),
        ("met(i0) :- not unmet(i0), yes(pregnancy). unmet(i0) :- not met(i0), yes(pregnancy).", "in a circle"),
        ("met(i0); unmet(i0) :- yes(pregnancy).", "leaves open"),
    ],
)
def test_rules_without_a_derivation_are_refused(policy: Policy, rules: str, words: str) -> None:
    engine = Engine(policy_of(policy.text + rules))
    with pytest.raises(SolveError, match=words):
        engine.decide(Case())


def test_facts_that_contradict_each_other_are_refused(policy: Policy) -> None:
    engine, shape = Engine(policy), Shape()
    stated: list[Term] = [("yes", "pregnancy"), ("no", "low_back_pain"), ("ruled_out", "spinal_cancer", "none")]
    assert len(engine.assumed(engine.program(shape), Facts(shape, shape, stated))) == 3
    with pytest.raises(SolveError, match="contradicts itself"):
        engine.assumed(engine.program(shape), Facts(shape, shape, [*stated, ("no", "pregnancy")]))


def test_a_policy_file_that_cannot_serve_is_refused_with_its_name(tmp_path: Any) -> None:
    for name, content in (("syntax.lp", b"a :- .\n"), ("other.lp", b"a.\n"), ("bytes.lp", b"\xff\xfe")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(PolicyError):
            load_policy(path)
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.lp")


@pytest.mark.parametrize("rules", ["p(0). p(X+1) :- p(X).", "p(1..99999999)."])
def test_a_policy_whose_rules_never_end_is_refused_in_bounded_memory(
    policy: Policy, rules: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "endless.lp"
    path.write_text(f"{policy.text}\n{rules}\n", encoding="utf-8")
    monkeypatch.setattr(trial, "MEGABYTES", 250)
    with pytest.raises(PolicyError, match=r"endless\.lp: its rules cannot be written out"):
        load_policy(path)


def test_a_policy_whose_rules_take_too_long_is_refused(
    policy: Policy, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "slow.lp"
    path.write_text(
        f"{policy.text}\nq(1..9). p :- q(A), q(B), q(C), q(D), q(E), q(F), q(G), q(H), A+B+C+D+E+F+G+H < 0.\n"
    )
    # Of its own work too little to be counted; by the clock it may take some times as long.
    monkeypatch.setattr(trial, "SECONDS", 0.05)
    with pytest.raises(PolicyError, match=r"slow\.lp: its rules cannot be written out within 0\.5 seconds"):
        load_policy(path)


def test_inputs_are_declared_documented_and_worded(policy: Policy, program: OpenProgram) -> None:
    for name, arity in INPUTS[:-1]:
        assert f"#defined {name}/{arity}" in policy.text
    subjects = {
        name_of(term[1]) for term in program.inputs.values() if isinstance(term, tuple) and term[0] != "selected"
    }
    assert not {name for name in subjects if name not in policy.wording}
    for name in subjects:
        lines = [
            line for line in policy.text.splitlines() if re.match(rf"(fact|number|choice|request)\({name}\b", line)
        ]
        assert lines, f"{name} has no line of its own in the vocabulary"


def test_every_input_is_produced_by_the_adapter_for_some_record(policy: Policy, program: OpenProgram) -> None:
    produced: set[str] = set()
    for seed in range(800):
        facts = facts_for(random_case(Random(seed)), policy, {})
        produced |= {name_of(term) for term in facts.fields}
    declared = {
        name_of(term[1]) for term in program.inputs.values() if isinstance(term, tuple) and term[0] != "selected"
    }
    # How many lumbar vertebrae there are is an input only where it is open: otherwise it is a setting.
    assert declared == produced - {ANATOMY}


SETTINGS = ("selected", "assumed_absent", "assumed")


def _is_setting(program: OpenProgram, literal: int) -> bool:
    """Tell whether a literal hangs on settings of the run alone."""
    mask, _, _ = program.dependencies(literal)
    settings = [atom for atom, term in program.inputs.items() if name_of(term) in SETTINGS]
    return mask & ~program.derivations.mask(settings) == 0


def test_no_conclusion_rests_on_silence(program: OpenProgram) -> None:
    """Below every settled answer negation meets only settings of the run: a deleted fact can only take answers away."""
    settled = ("met", "unmet", "violated", "clear", "permissible", "refused", "eligible", "not_eligible")
    waiting = [
        head for head in program.rules
        if name_of(program.term(head) or "") in settled
        or program.term(head) in [("recommend", outcome) for outcome in ("approve", "partial", "deny")]
    ]  # fmt: skip
    assert len(waiting) > 100
    below: set[int] = set()
    while waiting:
        head = waiting.pop()
        if head not in below:
            below.add(head)
            for _, body in program.rules.get(head, ()):
                assert all(_is_setting(program, -literal) for literal in body if literal < 0)
                waiting.extend(literal for literal in body if literal > 0)


def test_numbers_meet_only_the_limits_of_their_own_quantity() -> None:
    """This is what makes three representatives for each limit enough for every number."""
    users = [
        node for node in statements()
        if node.ast_type == ast.ASTType.Rule and any(str(literal).startswith(("from(", "to(")) for literal in node.body)
    ]  # fmt: skip
    assert {str(node.head).partition("(")[0] for node in users} == {"at_least", "below", "above", "at_most"}
    for node in users:
        bound = "from(N,V)" if str(node.head).startswith(("at_least", "above")) else "to(N,V)"
        assert {bound, "number(N,Q)", "threshold(C,Q,L)"} < {str(literal) for literal in node.body}


def test_the_policy_is_where_the_editable_install_and_the_wheel_look(policy: Policy) -> None:
    assert shipped_path().name == "policy.lp"
    assert policy.version == "3" and policy.revised == "2025-05-29"


def test_a_label_says_the_limit_that_the_clause_has(policy: Policy) -> None:
    assert (
        policy.clauses["i3"].label.count("more than 6 weeks of") == policy.clauses["i3"].label.count("least 3 of") == 1
    )
    assert policy.clauses["n10"].label.endswith("T-score of -2.5 or less")
    edited = policy_of(policy.text.replace("threshold(i1, age, 18*whole)", "threshold(i1, age, 37*whole/2)"))
    assert edited.clauses["i1"].label == "the patient is skeletally mature: at least 18.5 years old"
    with pytest.raises(PolicyError, match=r"clause n5 has a place \{limit\} that no limit of the clause fills"):
        policy_of(policy.text.replace('"5", "pregnancy"', '"5", "{limit}"'))


def test_no_label_or_question_repeats_a_limit_of_its_item(policy: Policy) -> None:
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 18: "eighteen", 40: "forty"}
    for clause in policy.clauses.values():
        family = {clause.id, *(c.id for c in policy.clauses.values() if c.part_of == clause.id)}
        limits = {limit / policy.scale for (id, _), limit in policy.thresholds.items() if id in family}
        limits |= {float(count) for id, count in policy.tallies.items() if id in family}
        for limit in limits:
            for form in (f"{limit:g}", words.get(int(limit), "?")):
                assert re.search(rf"(?<![\w.]){re.escape(form)}(?![\w.])", clause.template) is None, clause
