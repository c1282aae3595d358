"""The inputs of a search: what a record states, in the policy's words, with every number by its representative."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from bvn_asp.analysis.records import ROOM
from bvn_asp.analysis.writing.stated import Limits
from bvn_asp.decision.facts import Facts, facts_for
from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term
from bvn_asp.record.bases import SHIPPED
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_case

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.shape import Shape


@cache
def usual_case() -> Case:
    """Return the unremarkable patient that departures are counted from."""
    return load_case(SHIPPED / "usual.yaml")


def inputs_of(facts: Facts, quantities: Mapping[Term, str], limits: Limits) -> frozenset[Term]:
    """Return the inputs that `facts` states, numbers by their representatives."""
    found: set[Term] = set()
    for term in facts.stated:
        if isinstance(term, tuple) and term[0] in ("from", "to") and isinstance(term[2], int):
            quantity = quantities.get(term[1], "")
            if quantity in limits:
                found.add((term[0], term[1], representative(term[2], limits[quantity])))
        else:
            found.add(term)
    return frozenset(found)


def usual_inputs(policy: Policy, quantities: Mapping[Term, str], limits: Limits, room: Shape = ROOM) -> frozenset[Term]:
    """Return the inputs of the unremarkable patient in `room`."""
    return inputs_of(facts_for(usual_case(), policy, {}, shape=room), quantities, limits)


def readings_of(inputs: Iterable[Term]) -> dict[str, str]:
    """Return the readings among `inputs`."""
    return {str(term[1]): str(term[2]) for term in inputs if isinstance(term, tuple) and term[0] == "selected"}


def usual_numbers(policy: Policy, room: Shape = ROOM, near: Collection[Term] = ()) -> dict[Term, Decimal]:
    """Return the numbers of the unremarkable patient in `room`, in their units, without those `near` a limit."""
    numbers = facts_for(usual_case(), policy, {}, shape=room).numbers
    return {term: number.low for term, number in numbers.items() if term not in near and number.low is not None}
