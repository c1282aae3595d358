"""Numbers of a found record, written so that they compare like their representatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bvn_asp.policy.representatives import representative
from bvn_asp.policy.terms import Term
from bvn_asp.record.statements import GRAIN, Range, text_of

if TYPE_CHECKING:
    from bvn_asp.analysis.writing.stated import Limits, Stated

Bounds = tuple[int | None, int | None]
"""The representatives of the least and of the greatest that a number can be; None is no bound."""


@dataclass(frozen=True)
class Numbers:
    """Writes what is `stated` of numbers, those of the unremarkable patient (`usual`, in units) wherever they will do.

    `quantities`: of each number. `scale`: how many of the least steps make a unit.
    """

    stated: Stated
    quantities: Mapping[Term, str]
    limits: Limits
    scale: int
    usual: Mapping[Term, Decimal]

    def number(self, term: Term) -> Any:
        """Return a number or its bounds, written so that they compare like the representatives; None if unstated."""
        return next((written(found) for found in self.ranges(term, self.bounds(term))), None)

    def bounds(self, term: Term) -> Bounds:
        """Return the representatives of the least and of the greatest that a number can be."""
        limits = self.limits[self.quantities[term]]
        # Between two limits lie two that compare alike: just above the one, and just below the other.
        low, high = (
            None if b is None else representative(b, limits)
            for b in (self.stated.low.get(term), self.stated.high.get(term))
        )
        return low, high

    def ranges(self, term: Term, bounds: Bounds, *, far: bool = False) -> Iterator[Range]:
        """Yield ranges that compare like `bounds`: with the usual number, near the limit, and `far` from the lowest."""
        low, high = bounds
        if low is None and high is None:
            return
        limits = self.limits[self.quantities[term]]
        usual = self.usual.get(term)
        if low == high and low is not None:
            if usual is not None and representative(int(usual * self.scale), limits) == low:
                yield Range(usual, usual)
            for number in (self.near(low, limits), *(self._far(low, limits) if far else ())):
                yield Range(number, number)
            if far and low == representative(0, limits):
                for number in self._far(low, limits):
                    yield Range(Decimal(0), number)
            return
        # A strict bound is written as one, unless it is one end of a range.
        grain = Decimal(1) / self.scale
        strict = [
            None if value is None else Decimal(value) * grain if other is None and value - step in limits
            else self.near(value, limits)
            for value, other, step in ((low, high, 1), (high, low, -1))
        ]  # fmt: skip
        yield Range(*strict)
        if high is not None and far:
            for number in self._far(high, limits):
                yield Range(strict[0] if low != limits[0] - 1 else None if low is None else number, number)

    def near(self, value: int, limits: list[int]) -> Decimal:
        """Return a short number near a limit that compares like `value`."""
        for grain in (self.scale // 10, self.scale // 100, self.scale // 1000, 1):
            for near in (value, value - 1, value + 1):
                if near in limits:
                    candidate = near + (value - near) * grain
                    if representative(candidate, limits) == value:
                        return Decimal(candidate) / self.scale
        return Decimal(value) / self.scale

    def _far(self, value: int, limits: list[int]) -> Iterator[Decimal]:
        # What lies between request and procedure can reach the lowest limit exactly.
        for number in (1, 0, limits[0] // self.scale - 2, limits[0] // self.scale - 4):
            if number >= 0 and representative(number * self.scale, limits) == value:
                yield Decimal(number)

    def represented(self, term: Term, number: Range | None) -> Bounds:
        """Return the bounds of `number` by their representatives."""
        limits = self.limits.get(self.quantities.get(term, ""))
        if number is None or not limits:
            return None, None
        low, high = (
            None if bound is None else representative(int(bound * self.scale), limits)
            for bound in (number.low, number.high)
        )
        return low, high


def written(number: Range) -> Any:
    """Return a number, or its bounds, as a case file has them."""
    low, high = number.low, number.high
    if low is not None and high is not None and low != high:
        low, high = (bound.quantize(GRAIN) for bound in (low, high))
    return text_of(Range(low, high))
