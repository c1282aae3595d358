"""The quantity of an observation as a number, or bounds of one, as a case file writes them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR

from bvn_asp.errors import refused
from bvn_asp.fhir.resource import Element
from bvn_asp.record.statements import GRAIN, plain

COMPARATORS = {"<": "less than", "<=": "at most", ">=": "at least", ">": "more than"}
MOST_DIGITS = 30
"""Most digits of a number, and most places before its point or behind it."""


def amount_of(quantity: Element, bound: str) -> str | None:
    """Return a number or bound as a case file writes it; None if it cannot be written."""
    number = quantity.number("value")
    comparator = quantity.text("comparator")
    if comparator and comparator not in COMPARATORS:
        raise quantity.wrong("comparator", f"expected one of {', '.join(COMPARATORS)}{refused(comparator)}")
    if number is None or len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        return None
    low, high = number.quantize(GRAIN, ROUND_FLOOR), number.quantize(GRAIN, ROUND_CEILING)
    words = COMPARATORS.get(comparator, "")
    if bound:
        # The lowest of several is at most what one of them is, and nothing is known from what one of them exceeds.
        return None if words in ("at least", "more than") else f"{words or bound} {plain(high)}"
    if words:
        exact = low == high
        if words in ("less than", "at most"):
            return f"{words if exact else 'at most'} {plain(high)}"
        return f"{words if exact else 'at least'} {plain(low)}"
    # A number of more decimal places than a case has lies between two that it has.
    return plain(low) if low == high else f"{plain(low)} to {plain(high)}"
