"""What warehouses say differently: lists, list items, any-of aggregates, and days some months later.

Lists are arrays of structs or text, in PostgreSQL `jsonb`, in Snowflake `VARIANT` or `ARRAY`.
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
    cte: str = "AS"

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


_PLAIN = {"text": "", "boolean": "", "number": "", "date": ""}
DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "duckdb", "{cases} AS c, UNNEST(c.{list}) WITH ORDINALITY AS t(entry, place)", "t.entry.{field}",
            "t.entry.{field}", "LIST_CONTAINS({list}, '{item}')", _PLAIN, "AS MATERIALIZED",
        ),
        Dialect(
            "postgres", "{cases} AS c, LATERAL JSONB_ARRAY_ELEMENTS(c.{list}) WITH ORDINALITY AS t(entry, place)",
            "CAST(t.entry ->> '{field}' AS {type})", "NULLIF(t.entry -> '{field}', CAST('null' AS JSONB))",
            "({list} ? '{item}')",
            {"text": "TEXT", "boolean": "BOOLEAN", "number": "DECIMAL(18, 6)", "date": "DATE"}, "AS MATERIALIZED",
        ),
        Dialect(
            "spark", "{cases} AS c LATERAL VIEW POSEXPLODE(c.{list}) t AS place, entry", "t.entry.{field}",
            "t.entry.{field}", "ARRAY_CONTAINS({list}, '{item}')", _PLAIN,
        ),
        Dialect(
            "bigquery", "{cases} AS c CROSS JOIN UNNEST(c.{list}) AS entry WITH OFFSET AS place", "entry.{field}",
            "entry.{field}", "('{item}' IN UNNEST({list}))", _PLAIN,
        ),
        Dialect(
            "snowflake", "{cases} AS c, LATERAL FLATTEN(INPUT => c.{list}) AS t", "CAST(t.value:{field} AS {type})",
            "t.value:{field}", "ARRAY_CONTAINS(CAST('{item}' AS VARIANT), {list})",
            {"text": "TEXT", "boolean": "BOOLEAN", "number": "DECIMAL(18, 6)", "date": "DATE"},
        ),
    )
}  # fmt: skip


def dialect_of(name: str) -> Dialect:
    """Return the dialect called `name`; raise TableError if there is none."""
    if name not in DIALECTS:
        raise TableError(f"there is no dialect {name!r}; dialects: {', '.join(DIALECTS)}")
    return DIALECTS[name]
