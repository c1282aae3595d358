"""What warehouses say differently: lists, list items, any-of aggregates, and days some months later.

Lists are arrays of structs or text, in PostgreSQL `jsonb`; units are a map, in PostgreSQL `jsonb`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from bvn_asp.errors import TableError


@dataclass(frozen=True)
class Dialect:
    """How one warehouse unfolds a list column and looks into what comes out.

    `unfold` is the FROM clause, `field` one field of an entry, `listed` a list inside an entry, `holds` tells whether
    a list holds a text; `types` are the names of types in a cast, where a field must be cast.
    """

    name: str
    unfold: str
    field: str
    listed: str
    holds: str
    types: Mapping[str, str]
    units: str
    """The condition under which any units are asked for."""

    def lists_any(self, column: str) -> str:
        """Return the condition under which a list column lists anything."""
        return f"COALESCE({_SIZES[self.name]}({column}) > 0, FALSE)"

    def any_of(self, condition: str) -> str:
        """Return the aggregate that tells whether `condition` holds in any row."""
        return str(exp.LogicalOr(this=exp.var(f"({condition})")).sql(dialect=self.name))

    def later(self, day: str, count: int, unit: str) -> str:
        """Return the day `count` days or months after `day`; a month without such a day hands over to the next."""
        reached = self._moved(day, count, unit)
        if unit == "DAY":
            return reached
        return (
            f"CASE WHEN EXTRACT(DAY FROM {reached}) < EXTRACT(DAY FROM {day}) "
            f"THEN {self._moved(reached, 1, 'DAY')} ELSE {reached} END"
        )

    def _moved(self, day: str, count: int, unit: str) -> str:
        moved = exp.DateAdd(this=exp.var(day), expression=exp.Literal.number(count), unit=exp.var(unit))
        return str(exp.Cast(this=moved, to=exp.DataType.build("date")).sql(dialect=self.name))


_SIZES = {"duckdb": "LEN", "postgres": "JSONB_ARRAY_LENGTH"}
_PLAIN = {"text": "", "boolean": "", "number": "", "date": ""}
DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "duckdb", "{cases} AS c, UNNEST(c.{list}) WITH ORDINALITY AS t(entry, place)", "t.entry.{field}",
            "t.entry.{field}", "LIST_CONTAINS({list}, '{item}')", _PLAIN,
            "COALESCE(LIST_SUM(MAP_VALUES(c.request_units)) > 0, FALSE)",
        ),
        Dialect(
            "postgres", "{cases} AS c, LATERAL JSONB_ARRAY_ELEMENTS(c.{list}) WITH ORDINALITY AS t(entry, place)",
            "CAST(t.entry ->> '{field}' AS {type})", "NULLIF(t.entry -> '{field}', CAST('null' AS JSONB))",
            "({list} ? '{item}')",
            {"text": "TEXT", "boolean": "BOOLEAN", "number": "DECIMAL(18, 6)", "date": "DATE"},
            "EXISTS (SELECT 1 FROM JSONB_ARRAY_ELEMENTS(COALESCE(c.request_units, CAST('[]' AS JSONB))) AS u(pair)"
            " WHERE u.pair ->> 1 <> '0')",
        ),
    )
}  # fmt: skip


def dialect_of(name: str) -> Dialect:
    """Return the dialect called `name`; raise TableError if there is none."""
    if name not in DIALECTS:
        raise TableError(f"there is no dialect {name!r}; dialects: {', '.join(DIALECTS)}")
    return DIALECTS[name]
