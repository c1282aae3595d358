"""Small edits of a policy: one comparison flipped, one condition or one rule dropped, and whether they change anything.

Records with expected answers hold a policy in place if every such edit either changes one of the answers or provably
changes none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from clingo import ast

from bvn_asp.analysis.records import Ground, ground
from bvn_asp.analysis.sides import SETTINGS
from bvn_asp.analysis.space import SearchLimitError, Space, World
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.errors import BvnError
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.register import policy_of

if TYPE_CHECKING:
    from bvn_asp.policy.terms import Term
    from bvn_asp.record.case import Case

MOST_CONFLICTS = 20_000
"""Conflicts after which the search for a record that shows a difference well gives up, and takes one that shows it."""
PROSE = frozenset(
    ("policy", "clause", "source", "part", "question", "option", "default", "wording", "unencoded", "text_defect",
     "measured_in", "paragraph", "needs", "approves_nothing", "lay")
)  # fmt: skip
"""Facts that word or cite the policy and decide nothing."""
_FLIPPED = {
    ast.ComparisonOperator.GreaterEqual: ast.ComparisonOperator.GreaterThan,
    ast.ComparisonOperator.GreaterThan: ast.ComparisonOperator.GreaterEqual,
    ast.ComparisonOperator.LessEqual: ast.ComparisonOperator.LessThan,
    ast.ComparisonOperator.LessThan: ast.ComparisonOperator.LessEqual,
    ast.ComparisonOperator.Equal: ast.ComparisonOperator.NotEqual,
    ast.ComparisonOperator.NotEqual: ast.ComparisonOperator.Equal,
}


@dataclass(frozen=True)
class Mutant:
    """An edited policy: `name` says which rule (line and text) was edited, and how."""

    name: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Yield every mutant of the program `text`."""
    lines = text.splitlines()
    for rule in rules(text):
        begin, end = rule.location.begin, rule.location.end
        for how, other in edits(rule):
            changed, edited = "" if other is None else str(other), lines.copy()
            after = lines[end.line - 1][end.column - 1 :]
            edited[begin.line - 1 : end.line] = [""] * (end.line - begin.line + 1)
            edited[begin.line - 1] = lines[begin.line - 1][: begin.column - 1] + changed + after
            yield Mutant(f"{begin.line}: {rule!s} [{how}]", "\n".join(edited) + "\n")


def rules(text: str) -> list[Any]:
    """Return the rules of the program `text` that are edited, as syntax trees."""
    found: list[Any] = []
    ast.parse_string(text, lambda node: found.append(node) if node.ast_type == ast.ASTType.Rule else None)
    return [rule for rule in found if rule.body or _name(rule.head) not in PROSE]


def _name(head: Any) -> str:
    return str(head).partition("(")[0]


def edits(rule: Any) -> Iterator[tuple[str, Any]]:
    """Yield the edits of a rule: in words, and the rule as it is then; None where it is dropped."""
    yield "rule dropped", None
    body = list(rule.body)
    for place, literal in enumerate(body):
        rest = [*body[:place], *body[place + 1 :]]
        yield f"without {literal}", rule.update(body=rest)
        for how, flipped in _flips(literal):
            yield how, rule.update(body=[*body[:place], flipped, *body[place + 1 :]])


def _flips(literal: Any) -> Iterator[tuple[str, Any]]:
    atom = getattr(literal, "atom", None)
    if atom is None:
        return
    if atom.ast_type == ast.ASTType.Comparison:
        guard = atom.guards[0]
        if guard.comparison in _FLIPPED:
            changed = atom.update(guards=[guard.update(comparison=_FLIPPED[guard.comparison])])
            yield f"{literal} flipped", literal.update(atom=changed)
    if atom.ast_type == ast.ASTType.BodyAggregate and atom.left_guard is not None:
        guard = atom.left_guard
        if guard.comparison in _FLIPPED and guard.comparison != ast.ComparisonOperator.Equal:
            changed = atom.update(left_guard=guard.update(comparison=_FLIPPED[guard.comparison]))
            yield f"{literal} flipped", literal.update(atom=changed)


def difference(original: Ground, changed: str, compared: Collection[str]) -> tuple[World, set[Term]] | None:
    """Return a world on which two policies differ in the predicates `compared`, and in what; None if there is none.

    None is a proof for every record, known or unknown, that fits the room of `original`, and for every reading.
    Raises PolicyError if `changed` is no program.
    """
    space = Space(original, ground(changed))
    differing = {
        term: -space.equal(space.literal(term), space.literal(term, 1))
        for side in (0, 1)
        for name in compared
        for term in space.terms(name, side)
        if space.literal(term) != space.literal(term, 1)
    }
    # What only one of the two knows, no record can state for both.
    alone = [-literal for literal in space.inputs[1] if literal not in space.inputs[0]]
    goal = [-space.literal("complete"), *alone, space.any_of(differing.values())]
    world = space.find(goal)
    if world is None:
        return None
    # Better is what can be written as a record, and decided: a policy that recommends two things decides nothing.
    # A record that leaves nothing open, or no day at least, says more, and so does one that is read by default.
    outcomes = [space.literal(("recommend", outcome), 1) for outcome in OUTCOMES]
    plain = [-space.all_of(two) for two in combinations(outcomes, 2)]
    plain += [-space.literal(setting) for setting in SETTINGS if setting not in ("complete", "dated")]
    dated = [-space.literal("dated"), -space.literal("unremarkable")]
    documented = [space.literal("documented", side) for side in (0, 1)]
    space.prefer(3, space.terms("selected").values())
    space.conflicts = MOST_CONFLICTS
    for better in (plain, [*plain, *dated], [*plain, *dated, *documented]):
        with suppress(SearchLimitError):
            world = space.find([*goal, *better], fewest=True) or world
    return world, {
        term for term in differing if (space.literal(term) in world.true) != (space.literal(term, 1) in world.true)
    }


class Answer(NamedTuple):
    """A case, the readings of a run, and the recommendation expected of it: `none` where nothing is requested."""

    case: Case
    readings: Mapping[str, str]
    recommendation: str


class Verdict(NamedTuple):
    """What became of a mutant.

    `outcome` is killed by a recommendation, refused as no policy, equivalent by proof, or alive: then `inputs` are of
    a record that it recommends otherwise.
    """

    mutant: Mutant
    outcome: str
    inputs: frozenset[Term] = frozenset()


def judge(mutant: Mutant, answers: list[Answer], original: Ground) -> Verdict:
    """Try recommendations on `mutant`, then a proof that it recommends the same as `original` on every record.

    The answer that kills moves to the front of `answers`: mutants of one rule tend to be killed by the same.
    """
    try:
        policy = policy_of(mutant.text, mutant.name)
        engine = Engine(policy)
        for place, answer in enumerate(answers):
            if not recommended(engine, answer):
                answers.insert(0, answers.pop(place))
                return Verdict(mutant, "killed")
        found = difference(original, mutant.text, ("recommend",))
    except BvnError:
        return Verdict(mutant, "refused")
    return Verdict(mutant, "equivalent") if found is None else Verdict(mutant, "alive", found[0].inputs[0])


def recommended(engine: Engine, answer: Answer) -> bool:
    """Tell whether the one recommendation that `engine` gives is the answer expected."""
    readings = engine.policy.readings(answer.readings)
    facts = facts_for(answer.case, engine.policy, readings)
    program = engine.program(facts.shape)
    shown = program.statuses(program.assume(engine.assumed(program, facts)))
    outcomes = [term[1] for term in shown if isinstance(term, tuple) and term[0] == "recommend"]
    return (outcomes or ["none"]) == [answer.recommendation]


def survey(text: str, answers: Sequence[Answer], *, every: int = 1, workers: int = 2) -> Iterator[Verdict]:
    """Judge every mutant of the policy `text`, or every so many."""
    chosen = list(mutants(text))[::every]
    with ProcessPoolExecutor(workers, initializer=_prepare, initargs=(text, list(answers))) as pool:
        yield from pool.map(_judge, chosen, chunksize=4)


_worker: dict[str, Any] = {}
"""What a process of a survey judges with."""


def _prepare(text: str, answers: list[Answer]) -> None:
    _worker.update(original=ground(text), answers=answers)


def _judge(mutant: Mutant) -> Verdict:
    return judge(mutant, _worker["answers"], _worker["original"])
