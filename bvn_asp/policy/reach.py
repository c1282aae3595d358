"""Limits that no record can reach: the field table has the range of every number, and a policy the limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from bvn_asp.record.table import TABLE


def unreachable(thresholds: Mapping[tuple[str, str], int], scale: int) -> Iterator[tuple[str, str, str]]:
    """Yield the clause and the quantity of each limit outside what a record can state of it, and a sentence on it."""
    for (clause, quantity), limit in thresholds.items():
        value = Decimal(limit) / scale
        rows = [row for row in TABLE.fields if row.form == "number" and row.quantity == quantity]
        if rows and not any(row.low <= value <= row.high for row in rows):
            row = rows[0]
            yield (
                clause,
                quantity,
                f"the limit of {clause} is {value:f}, and {row.path} goes from {row.low} to {row.high}: no record can "
                "reach it",
            )
