"""Names of different things never meet: a question that is called as a fact is, says nothing of that fact."""

from __future__ import annotations

from functools import cache

import pytest

from bvn_asp.analysis.change.changes import changes_of
from bvn_asp.analysis.search import Search
from bvn_asp.analysis.writing.inputs import usual_case, usual_inputs
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Question
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.table import TABLE

POLICY = shipped_policy()


@cache
def search() -> Search:
    return Search(POLICY, Shape())


@cache
def usual() -> tuple[frozenset[Term], Facts]:
    made = search()
    facts = facts_for(usual_case(), POLICY, {}, shape=made.room)
    return usual_inputs(POLICY, made.quantities, made.limits, made.room), facts


def test_some_questions_are_called_as_facts_are_and_no_clause_is_called_as_anything_else() -> None:
    facts = {name_of(subject) for subject in search().about}
    assert len(facts & set(POLICY.questions)) > 3
    fields = {part.removesuffix("[]") for row in TABLE.fields for part in row.path.split(".")}
    assert not set(POLICY.clauses) & (facts | fields | set(POLICY.questions))


@pytest.mark.parametrize("question", POLICY.questions.values(), ids=POLICY.questions.keys())
def test_how_a_question_is_read_is_no_statement_of_a_record(question: Question) -> None:
    inputs, facts = usual()
    for option in question.options:
        read = inputs | {("selected", question.id, option)}
        assert changes_of(search(), read, inputs, facts, facts, {}) == []
        assert changes_of(search(), inputs, read, facts, facts, {}) == []
        assert search().departures(read, facts) == search().departures(inputs, facts)
        chosen = facts_for(usual_case(), POLICY, {question.id: option}, shape=search().room)
        assert chosen.subjects() == facts.subjects() and chosen.settled() == facts.settled()


@pytest.mark.parametrize("question", POLICY.questions.values(), ids=POLICY.questions.keys())
def test_a_change_of_a_fact_is_told_however_a_question_of_its_name_is_read(question: Question) -> None:
    inputs, facts = usual()
    for topic in {search().about[s] for s in search().about if name_of(s) == question.id}:
        stated = {
            term for term in inputs if isinstance(term, tuple) and term[1:2] and search().about.get(term[1]) == topic
        }
        told = [changes_of(search(), inputs, inputs - stated | read, facts, facts, {}) for read in (
            frozenset(), frozenset({("selected", question.id, option) for option in question.options})
        )]  # fmt: skip
        assert told[0] == told[1] and len(told[0]) <= 1
        assert all("selected" not in str(change) for change in told[0])
