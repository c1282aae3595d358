"""Two policies, or two readings of one, side by side over the same records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bvn_asp.analysis.change.comparison import ORDER, Side
from bvn_asp.analysis.records import Ground, ground
from bvn_asp.analysis.search import Search, check_space
from bvn_asp.analysis.space import Space
from bvn_asp.decision.agreement import is_shipped
from bvn_asp.errors import PolicyError
from bvn_asp.policy.outcomes import OUTCOMES
from bvn_asp.policy.terms import name_of

if TYPE_CHECKING:
    from bvn_asp.policy.shape import Shape


class Pair:
    """Two sides in one space, over the records with a request up to `room`; they share what a record states.

    `run` has the assumptions that make each side read as it is. Raises PolicyError, ReadingError. A foreign policy
    is ground until `deadline`, and the space searched until then.
    """

    def __init__(self, here: Side, there: Side, room: Shape, deadline: float | None = None) -> None:
        sides = (here, there)
        self.sides = tuple(replace(side, readings=side.policy.readings(side.readings)) for side in sides)
        further = [(q, limit) for side in sides for (_, q), limit in side.policy.thresholds.items()]
        limits = sorted({(q, limit) for q, limit in further})
        self.search = Search(here.policy, room, limits, deadline=deadline)
        same = here.policy.text == there.policy.text
        other = self.search.ground if same else _ground(there, room, limits, deadline)
        self.grounds: tuple[Ground, Ground] = (self.search.ground, other)
        self.space = Space(*self.grounds, shared=lambda term: name_of(term) != "selected")
        if not same and not is_shipped(there.policy):
            check_space(self.space, there.policy, room, 1)
        self.space.deadline = deadline
        self.room = room
        asked = [x for t, x in self.space.terms("yes").items() if isinstance(t, tuple) and name_of(t[1]) == "requested"]
        runs = [self.space.run(side.readings, place) for place, side in enumerate(self.sides)]
        asked.append(self.space.literal(("yes", "request_made")))
        self.run = [self.space.any_of(asked), *runs[0], *runs[1]]

    def status(self, place: int, passing: str, failing: str, id: str) -> list[int]:
        """Return the literals of failing, open and passing on a side; what it waives always passes."""
        if self.waives(place, id):
            return [-self.space.true, -self.space.true, self.space.true]
        fails, passes = (self.space.literal((name, id), place) for name in (failing, passing))
        # What a defective policy says both of counts as deciding a case counts it.
        if passing == "met":
            fails = self.space.all_of([fails, -passes])
        else:
            passes = self.space.all_of([passes, -fails])
        return [fails, self.space.all_of([-fails, -passes]), passes]

    def waives(self, place: int, id: str) -> bool:
        """Tell whether a side sets a clause aside, or the clause that it is a part of."""
        side = self.sides[place]
        clause = side.policy.clauses.get(id)
        return clause is not None and (clause.part_of or id) in side.waived

    def outcomes(self, place: int) -> dict[str, int]:
        """Return the literal of every recommendation on a side, the strictest first."""
        approve, partial, deny = (self.space.literal(("recommend", outcome), place) for outcome in OUTCOMES)
        partial = self.space.all_of([partial, -approve])
        deny = self.space.all_of([deny, -approve, -partial])
        return dict(zip(ORDER, (deny, self.space.all_of([-deny, -partial, -approve]), partial, approve), strict=True))


def _ground(side: Side, room: Shape, limits: list[tuple[str, int]], deadline: float | None) -> Ground:
    try:
        return ground(side.policy.text, room, limits, deadline)
    except PolicyError as error:
        text = str(error).replace("<block>", side.name)
        raise PolicyError(f"{side.name}: cannot be searched: {text}") from None
