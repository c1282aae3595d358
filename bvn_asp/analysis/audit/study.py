"""What every check of an audit works with: one space, the criteria as literals, and words for clauses."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.search import Search, Witness
from bvn_asp.analysis.variant import Variants
from bvn_asp.decision.verdict import SIDES

if TYPE_CHECKING:
    from bvn_asp.analysis.proofs import Proof
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.terms import Term

DECIDED = ("recommend", "permissible", "refused", "eligible", "not_eligible")
"""Predicates that say what is decided of a record."""

Goal = TypeVar("Goal", bound=Hashable)


class Study:
    """A policy under audit. `deadline` is a moment of `time.monotonic`; with `confirm`, proofs are made twice."""

    def __init__(self, policy: Policy, *, confirm: bool = False, deadline: float | None = None) -> None:
        self.policy, self.confirm, self.deadline = policy, confirm, deadline
        self.search = Search(policy, deadline=deadline, exclusive=False)
        self.space = self.search.space
        self.space.deadline = deadline
        kinds = {clause.id: clause.kind for clause in policy.clauses.values() if clause.kind in SIDES}
        self.ids = tuple(kinds)
        self.criteria = tuple(id for id in kinds if policy.clauses[id].part_of is None)
        self.indications = tuple(id for id in self.criteria if kinds[id] == "indication")
        self.exclusions = tuple(id for id in self.criteria if kinds[id] == "non_indication")
        literal = self.space.literal
        self.fails = {id: literal(("unmet" if kinds[id] == "indication" else "violated", id)) for id in kinds}
        self.passes = {id: literal(("met" if kinds[id] == "indication" else "clear", id)) for id in kinds}
        self.outcomes = self.search.outcomes
        self.documented = literal("documented")
        self.requested = self.space.any_of(self.asked.values())
        self.run = self.space.run()
        self.any_reading = self.space.unsaid()
        # Most checks ask for no proof and no usual record: they are quicker where neither has room.
        held = [self.space.held(premise) for premise in self.space.premises]
        self.plain = [*held, *(-usual for usual in self.space.terms("usual").values())]
        self.by_default = self.space.follower([*self.plain, *self.run])
        self.as_read = self.space.follower([*self.plain, *self.any_reading])
        self.claims = 0

    @cached_property
    def asked(self) -> dict[str, int]:
        """The request of each body, by its name in the policy."""
        return {
            str(term[1][1]): literal
            for term, literal in self.space.terms("yes").items()
            if isinstance(term, tuple) and isinstance(term[1], tuple) and term[1][0] == "requested"
        }

    @cached_property
    def assumed(self) -> dict[Term, int]:
        """That what is usual is assumed of a choice of which a record does not speak, such as the anatomy."""
        terms = [term for term in self.search.ground.atoms if isinstance(term, tuple)]
        choices = {term[1] for term in terms if term[0] == "choice"}
        return {
            term[1]: self.space.literal(term) for term in terms if term[0] == "assumed" and term[1] in choices
        }  # fmt: skip

    @cached_property
    def body_limits(self) -> list[str]:
        """The clauses that limit how many bodies are treated."""
        ids = (str(term[1]) for term in self.space.terms("body_limit") if isinstance(term, tuple))
        return [id for id in ids if id in self.policy.tallies]

    def whole(self, id: str) -> str:
        """Return the criterion that a clause is part of, or the clause itself."""
        clause = self.policy.clauses.get(id)
        return id if clause is None or clause.part_of is None else clause.part_of

    def name(self, id: str) -> str:
        """Return a clause with its place in the document."""
        clause = self.policy.clauses[id]
        return f"{id} ({clause.section} {clause.item})"

    def names(self, ids: Iterable[str]) -> str:
        """Return several clauses with their places."""
        return ", ".join(map(self.name, ids))

    @cached_property
    def refusals(self) -> dict[str, dict[str, int]]:
        """For each body, what refuses it: a literal for each criterion, or for the range of levels."""
        found: dict[str, dict[str, list[int]]] = {}
        for term, literal in self.space.terms("refusal").items():
            assert isinstance(term, tuple)
            found.setdefault(str(term[1]), {}).setdefault(self.whole(str(term[2])), []).append(literal)
        return {
            body: {id: self.space.any_of(literals) for id, literals in by_id.items()} for body, by_id in found.items()
        }

    @cached_property
    def alone(self) -> dict[str, int]:
        """For each criterion, that it is the only reason: why a request is denied, or why a body is refused."""
        space, deny, partial = self.space, self.outcomes["deny"], self.outcomes["partial"]
        found: dict[str, int] = {}
        for id in self.criteria:
            others = [-self.fails[other] for other in self.criteria if other != id]
            ways = [space.all_of([deny, self.fails[id], *others])]
            for body, reasons in self.refusals.items():
                if id in reasons:
                    rest = [-literal for other, literal in reasons.items() if other != id]
                    ways.append(space.all_of([partial, self.asked[body], reasons[id], *rest]))
            found[id] = space.any_of(ways)
        return found

    def possible(self, goal: Iterable[int], readings: Mapping[str, str] | None = None) -> bool:
        """Tell whether some record fits all of `goal`; readings by default but for `readings`."""
        self.claims += 1
        if readings:
            return self.as_read.holding([*self.space.run(readings), *goal]) is not None
        return self.by_default.holding(goal) is not None

    def reachable(
        self, goals: Mapping[Goal, int], assumptions: Iterable[int] = (), place: Space | None = None
    ) -> set[Goal]:
        """Return which of `goals`, each by itself, some record fits; readings by default, unless in another `place`."""
        self.claims += len(goals)
        reached = (place or self.by_default).reached(assumptions, goals.values())
        return {goal for goal, literal in goals.items() if literal in reached}

    def witness(self, goal: Iterable[int], readings: Mapping[str, str] | None = None) -> Witness | None:
        """Return the most usual record that fits all of `goal`."""
        return self.search.witness(goal, readings)

    def proofs(
        self, goal: Iterable[int], words: str, readings: Mapping[str, str] | None = None, most: int = 1
    ) -> tuple[Proof, ...]:
        """Return minimal proofs that no record fits all of `goal`, the shortest first."""
        found = self.search.proofs(goal, words, readings, most=most, confirm=self.confirm)
        return tuple(sorted(found, key=lambda proof: (len(proof.premises), proof.premises)))

    @cached_property
    def variants(self) -> Variants:
        """What makes variants of what is decided of a record, and of what a decision is explained by."""
        terms = (literal for name in DECIDED for literal in self.space.terms(name).values())
        about = [*self.fails.values(), *self.passes.values(), self.documented]
        return Variants(self.space, [*about, *terms])

    def certified(self, proof: Proof) -> Proof:
        """Return `proof`, confirmed by a second engine if the audit asks for it."""
        return proof.confirmed() if self.confirm else proof


Found = Iterable[Finding]
