"""What each reading would decide for one case, and on which questions its outcome depends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bvn_asp.case import Case
from bvn_asp.decide import OUTCOMES, Engine, is_setting
from bvn_asp.decision import Decision
from bvn_asp.facts import facts_for
from bvn_asp.ground import Answer
from bvn_asp.policy import Question
from bvn_asp.solve import OpenProgram
from bvn_asp.terms import Term


class Outcome(NamedTuple):
    """What a run decides: the recommendation (or eligibility, without a request) and the bodies it may treat."""

    recommendation: str
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
    facts = facts_for(case, engine.policy, engine.policy.readings(readings), assume_absent=assume_absent)
    program = engine.program(facts.shape)
    stated = engine.assumed(program, facts)
    completions = _Completions(program, stated, Answer(program.derivations, stated).shown)
    requested = case.request.bodies or ()
    shown = [body for body in facts.shape.bodies if body in requested or not requested]
    bodies = [
        (body, completions.settled([("refused", body.lower()), ("permissible", body.lower())], "undetermined"))
        for body in shown
        if completions.reported(body.lower())
    ]
    if requested:
        return Outcome(completions.recommendation(), tuple(bodies))
    return Outcome(str(completions.settled(["eligible", "not_eligible"], "undetermined")), tuple(bodies))


class _Completions:
    """What is shown for the facts stated, and what could be over all completions of the others."""

    def __init__(self, program: OpenProgram, stated: set[int], shown: frozenset[Term]) -> None:
        self.program, self.stated, self.shown = program, stated, shown
        self.assumptions: list[int] = []

    def possible(self, term: Term, *, holds: bool) -> bool:
        """Tell whether the atom `term` holds, or does not, in some completion."""
        if not self.assumptions:
            self.assumptions = self.program.complete(self.stated, is_setting)
        literal = self.program.literal(term)
        if literal is None:
            return not holds
        return self.program.satisfiable([*self.assumptions, literal if holds else -literal])

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
