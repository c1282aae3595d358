"""What each reading would decide for one case, and on which questions its outcome depends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.decision.engine import Engine
from bvn_asp.decision.settlements import is_setting
from bvn_asp.policy.ground import Answer
from bvn_asp.policy.outcomes import OUTCOMES

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Question
    from bvn_asp.policy.terms import Term
    from bvn_asp.record.case import Case


class Outcome(NamedTuple):
    """What a run decides: the recommendation (or eligibility, without a request) and the bodies it may treat."""

    answer: str
    bodies: tuple[tuple[str, str], ...]


class Comparison(NamedTuple):
    """One question, the outcome under each option, and whether they differ."""

    question: str
    outcomes: Mapping[str, Outcome]

    @property
    def matters(self) -> bool:
        """Whether the outcome depends on the question."""
        return len(set(self.outcomes.values())) > 1


def outcome(decision: Decision) -> Outcome:
    """Return what `decision` decides, without its reasons."""
    requested = tuple(
        (body.name, body.status) for body in decision.bodies if body.requested or not decision.recommendation
    )
    return Outcome(decision.recommendation or decision.eligibility, requested)


def outcome_under(
    engine: Engine, case: Case, readings: Mapping[str, str], *, assume_absent: bool | None = None
) -> Outcome:
    """Return the outcome of deciding `case` under `readings`, without looking for any reasons."""
    facts = engine.facts(case, engine.policy.readings(readings), assume_absent=assume_absent)
    program = engine.program(facts.shape)
    stated = engine.assumed(program, facts)
    branches = [{*stated, *map(program.places.__getitem__, terms)} for terms in facts.branches()]
    completions = _Completions(program, branches, Answer(program.derivations, stated).shown)
    requested = case.bodies
    shown = [body for body in facts.needed.bodies if body in requested or not case.requested]
    bodies = [
        (body, completions.settled([("refused", body.lower()), ("permissible", body.lower())], "undetermined"))
        for body in shown
        if completions.reported(body.lower())
    ]
    if case.requested:
        return Outcome(completions.recommendation(), tuple(bodies))
    return Outcome(str(completions.settled(["eligible", "not_eligible"], "undetermined")), tuple(bodies))


class _Completions:
    """What is shown for the facts stated, and what could be over all completions of the others."""

    def __init__(self, program: OpenProgram, branches: list[set[int]], shown: frozenset[Term]) -> None:
        self.program, self.branches, self.shown = program, branches, shown
        self.assumptions: list[list[int]] = []

    def possible(self, term: Term, *, holds: bool) -> bool:
        """Tell whether the atom `term` holds, or does not, in some completion."""
        if not self.assumptions:
            self.assumptions = [self.program.complete(stated, is_setting) for stated in self.branches]
        literal = self.program.literal(term)
        if literal is None:
            return not holds
        wanted = literal if holds else -literal
        return any(self.program.satisfiable([*assumptions, wanted]) for assumptions in self.assumptions)

    def settled(self, terms: list[Term], otherwise: str) -> str:
        """Return the name of the first of `terms` that is shown, or else that holds in every completion."""
        found = next((term for term in terms if term in self.shown), None)
        if found is None:
            found = next((term for term in terms if not self.possible(term, holds=False)), otherwise)
        return str(found[0] if isinstance(found, tuple) else found)

    def recommendation(self) -> str:
        """Return the one recommendation that is possible, or pend."""
        terms: list[Term] = [("recommend", outcome) for outcome in OUTCOMES]
        found = [term for term in terms if term in self.shown]
        found = found or [term for term in terms if self.possible(term, holds=True)]
        return str(found[0][1]) if len(found) == 1 and isinstance(found[0], tuple) else "pend"

    def reported(self, body: str) -> bool:
        """Tell whether the answer speaks of a body at all."""
        return any((status, body) in self.shown for status in ("permissible", "refused", "body_undetermined"))


def compare_readings(
    engine: Engine,
    case: Case,
    readings: Mapping[str, str] | None = None,
    *,
    assume_absent: bool | None = None,
    questions: Iterable[Question] | None = None,
) -> Iterator[Comparison]:
    """Yield the outcomes of `case` under every option of each question, the others read as `readings` has them."""
    chosen = dict(readings or {})
    usual = outcome_under(engine, case, chosen, assume_absent=assume_absent)
    for question in engine.policy.questions.values() if questions is None else questions:
        read = chosen.get(question.id, question.default)
        yield Comparison(
            question.id,
            {
                option: usual
                if option == read
                else outcome_under(engine, case, {**chosen, question.id: option}, assume_absent=assume_absent)
                for option in question.options
            },
        )
