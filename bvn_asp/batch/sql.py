"""The policy as one SQL query: the nodes of the kernel as conditions, for warehouses that cannot run the kernel.

The query reads a table in columnar form with a unique `id`, and returns the answers with a column `undecided`: true
where a case needs more room than the query has, or completions would have to settle it. Such rows have no answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import sqlglot
from sqlglot.errors import SqlglotError

from bvn_asp.batch.columns import column_name, entry_columns
from bvn_asp.batch.compiled import BODY_SIDES, ELIGIBILITY, Compiled, compile_nodes
from bvn_asp.batch.decider import PEND, UNDETERMINED
from bvn_asp.batch.dialects import Dialect, dialect_of
from bvn_asp.batch.kernel import AND, FALSE, NOT, TRUE, Nodes
from bvn_asp.batch.rows import FINDINGS, LISTS, Setting
from bvn_asp.batch.sql_inputs import SqlInputs
from bvn_asp.batch.sql_times import stages
from bvn_asp.decision.agreement import is_shipped
from bvn_asp.decision.conventions import SHOWING
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.shapes import ANATOMY
from bvn_asp.errors import TableError
from bvn_asp.policy.outcomes import OUTCOMES, exclusive
from bvn_asp.policy.shape import CORE_BODIES, WIDE_BODIES, Shape
from bvn_asp.record.anatomy import BODIES, LEVELS, OPTIONAL_BODIES, lies_within
from bvn_asp.record.table import FINDING_KINDS, TABLE

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.terms import Term

_PASSED = ("id", "asked", "undecided")


def query(setting: Setting, dialect: str, *, cases: str = "cases", wide: bool = True, room: int = 2) -> str:
    """Return what `plain_query` does, held to the grammar of `dialect` and laid out for people."""
    text = plain_query(setting, dialect, cases=cases, wide=wide, room=room)
    try:
        return str(sqlglot.parse_one(text, read=dialect).sql(dialect=dialect, pretty=True))
    except SqlglotError as error:
        raise TableError(f"the query is not of dialect {dialect}: {error}") from None


def plain_query(setting: Setting, dialect: str, *, cases: str = "cases", wide: bool = True, room: int = 2) -> str:
    """Return the policy under `setting` as a query of `dialect` on the table `cases`.

    `wide` looks at every body from T12 to S1, otherwise at L3 to S1; `room` is how many findings of a kind, surgeries
    and Modic changes a case may have. Raises TableError for a dialect or table name that cannot be.
    """
    spoken = dialect_of(dialect)
    if not all(part.replace("_", "").isalnum() for part in cases.split(".")):
        raise TableError(f"{cases!r}: expected the name of a table")
    shape = Shape(WIDE_BODIES if wide else CORE_BODIES, room, room, room)
    program = Engine(setting.policy).program(shape)
    nodes, outputs, compiled = compile_nodes(
        setting.policy, program, shape, setting.readings, closed=setting.assume_absent is not False, whole=True
    )
    inputs = SqlInputs(setting, spoken, program.quantities)
    return _Query(setting.policy, spoken, cases, shape, inputs, nodes, outputs, compiled).text()


class _Query:
    def __init__(
        self, policy: Policy, dialect: Dialect, cases: str, shape: Shape, inputs: SqlInputs,
        nodes: Nodes, outputs: Mapping[Term, int], compiled: Compiled,
    ) -> None:  # fmt: skip
        self.policy, self.dialect, self.cases, self.shape, self.inputs = policy, dialect, cases, shape, inputs
        self.nodes, self.outputs, self.compiled = nodes, outputs, compiled
        self.needed = sorted({part for node in outputs.values() for part in nodes.below(node)})
        uses: dict[int, int] = {}
        for node in self.needed:
            parts = nodes.made[node][1]
            for part in parts:
                uses[part] = uses.get(part, 0) + 1
        kept = set(outputs.values())
        # What is used once is written where it is used, unless it is an input or an output.
        self.named = {node for node in self.needed if nodes.made[node][1] and (uses.get(node, 0) > 1 or node in kept)}

    def text(self) -> str:
        """Return the whole query."""
        base = self._base()
        parts = [*stages(self.cases), *self._entries(), *base, *self._layers()]
        ctes = ",\n".join(f"{name} AS MATERIALIZED (\n{body}\n)" for name, body in parts)
        return f"WITH {ctes}\n{self._answers(parts[-1][0])}"

    def _base(self) -> list[tuple[str, str]]:
        conditions = {
            node: self.inputs.condition(self.nodes.inputs[node]) for node in self.needed if node in self.nodes.inputs
        }
        beyond = " OR ".join(self._beyond())
        columns = [f"{condition} AS n{node}" for node, condition in conditions.items()]
        asked = self.inputs.pair("request_made")[0]
        joins = "".join(
            f"\nLEFT JOIN g_{column_name(path)} AS e_{column_name(path)} ON e_{column_name(path)}.id = c.id"
            for path, names in self.inputs.gathered.items()
            if names
        )
        listed = ",\n".join(["c.id", f"{asked} AS asked", f"({beyond}) AS undecided", *columns])
        return [("stated", f"SELECT {listed}\nFROM timed AS c{joins}")]

    def _beyond(self) -> Iterator[str]:
        """Yield where a case needs more room than the shape has, or what hangs together is left open."""
        inside, inputs = set(self.shape.bodies), self.inputs
        rooms = {FINDINGS: self.shape.findings, "surgeries[]": self.shape.surgeries}
        yield inputs.bodies_open
        yield inputs.somewhere
        yield from inputs.times.beyond
        outside = [level for level in LEVELS if not lies_within(level, inside)]
        for path in LISTS.values():
            if path == "ablations[]":
                continue
            most = rooms.get(path, self.shape.modic)
            yield inputs.gather(path, f"place > {most}")
            for level in outside:
                yield inputs.gather(path, inputs.holds("levels", level))
            if path != FINDINGS:
                # One more may be there, unless the list is whole.
                yield f"({inputs.gather(path, f'place = {most}')} AND NOT {inputs.closing(path)})"
        kinds = ", ".join(f"'{kind}'" for kind in FINDING_KINDS)
        yield inputs.gather(FINDINGS, f"kind NOT IN ({kinds})")
        for kind in FINDING_KINDS:
            full = inputs.gather(FINDINGS, f"kind = '{kind}' AND place = {self.shape.findings}")
            yield f"({full} AND NOT {inputs.holds('c.findings_absent', kind)})"
        entries = [f"findings.present[{index}]" for index in range(self.shape.findings * len(FINDING_KINDS))]
        entries += [f"mri.modic_changes[{index}]" for index in range(self.shape.modic)]
        names = (
            *SHOWING,
            "certainty",
            *(row.closes.rpartition(".")[2] for row in TABLE.fields if row.entry and row.closes),
        )
        yield from (inputs.called_unknown(f"{entry}.{name}") for entry in entries for name in names)
        yield from inputs.alternatives()
        for body in BODIES:
            if body not in inside:
                yield inputs.holds("c.request_bodies", body)
        for level in outside:
            yield inputs.holds("c.mri_no_modic_change_at", level)
        if not inside >= OPTIONAL_BODIES:
            yield "COALESCE(c.patient_lumbar_vertebrae <> 'five', FALSE)"
            yield inputs.called_unknown("patient.lumbar_vertebrae")
            yield inputs.names_optional
            if ANATOMY in inputs.setting.readings:
                yield "TRUE"

    def _entries(self) -> Iterator[tuple[str, str]]:
        """Yield the entries of every list with their places, and the conditions gathered over them by case."""
        # Every condition must be known before the lists are written.
        for node in self.needed:
            if node in self.nodes.inputs:
                self.inputs.condition(self.nodes.inputs[node])
        list(self._beyond())
        for path, names in self.inputs.gathered.items():
            if not names:
                continue
            column = column_name(path)
            unfold = self.dialect.unfold.format(cases="timed", list=column)
            partition = f"c.id, {self._field(path, 'kind')}" if path == FINDINGS else "c.id"
            fields = [
                f"{self._field(path, field.name)} AS {field.name}{'_' if field.name == 'date' else ''}"
                for field in entry_columns(path)
            ]
            extra = [
                "c.procedure_low", "c.procedure_high",
                f"ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY place) AS place",
            ]  # fmt: skip
            yield f"i_{column}", f"SELECT c.id, {', '.join([*fields, *extra])}\nFROM {unfold}"
            gathered = ",\n".join(f"{self.dialect.any_of(condition)} AS {name}" for condition, name in names.items())
            yield f"g_{column}", f"SELECT id, {gathered}\nFROM i_{column}\nGROUP BY id"

    def _field(self, path: str, name: str) -> str:
        kind = str(next(column.type for column in entry_columns(path) if column.name == name))
        if kind.startswith("list"):
            return self.dialect.listed.format(field=name)
        kinds = {"bool": "boolean", "decimal128(12, 6)": "number", "date32[day]": "date"}
        return self.dialect.field.format(field=name, type=self.dialect.types[kinds.get(kind, "text")])

    def _layers(self) -> Iterator[tuple[str, str]]:
        """Yield the named nodes level by level, each with what later levels still need."""
        level: dict[int, int] = {}
        for node in sorted(self.named):
            level[node] = 1 + max((level.get(part, 0) for part in self._named_parts(node)), default=0)
        ends = max(level.values(), default=0)
        last: dict[int, int] = dict.fromkeys(self.outputs.values(), ends + 1)
        for node in self.named:
            for part in self._named_parts(node):
                last[part] = max(last.get(part, 0), level[node])
        known = [node for node in self.needed if node in self.nodes.inputs]
        source = "stated"
        for each in range(1, ends + 1):
            new = [node for node in sorted(self.named) if level[node] == each]
            passed = [node for node in known if last.get(node, 0) > each]
            columns = [
                *_PASSED,
                *(f"n{node}" for node in passed),
                *(f"{self._written(node)} AS n{node}" for node in new),
            ]
            yield f"layer_{each}", f"SELECT {', '.join(columns)}\nFROM {source}"
            source, known = f"layer_{each}", [*passed, *new]

    def _named_parts(self, node: int) -> Iterator[int]:
        """Yield the named nodes and inputs that the text of `node` mentions."""
        for part in self.nodes.made[node][1]:
            if part in self.named or part in self.nodes.inputs:
                yield part
            else:
                yield from self._named_parts(part)

    def _written(self, node: int) -> str:
        kind, parts = self.nodes.made[node]
        if kind == NOT:
            return f"NOT {self._mentioned(parts[0])}"
        return (" AND " if kind == AND else " OR ").join(map(self._mentioned, parts))

    def _mentioned(self, node: int) -> str:
        if node in (FALSE, TRUE):
            return str(node == TRUE).upper()
        return f"n{node}" if node in self.named or node in self.nodes.inputs else f"({self._written(node)})"

    def _side(self, side: Term) -> str:
        node = self.outputs[side]
        return str(node == TRUE).upper() if node in (FALSE, TRUE) else f"n{node}"

    def _answers(self, source: str) -> str:
        """Return the last SELECT: the answers of every case."""
        doubtful = [
            f"({self._side(('generous', side))} AND NOT ({' OR '.join(map(self._side, sides))}))"
            for sides in self.compiled.answers.values()
            for side in sides
            if side in self.compiled.generous
        ]
        if not is_shipped(self.policy):
            pairs = exclusive(tuple(self.policy.clauses), self.compiled.shape.bodies)
            both = [pair for pair in pairs if self.outputs.keys() >= set(pair)]
            doubtful += [f"({self._side(one)} AND {self._side(other)})" for one, other in both]
        undecided = " OR ".join(["undecided", *doubtful])
        columns = ["id", f"{undecided} AS undecided"]
        for name, sides in self.compiled.answers.items():
            held = [self._side(side) for side in sides]
            if name == "recommendation":
                cases = _cases(held, OUTCOMES) + f" WHEN asked THEN '{PEND}'"
            elif name == "eligibility":
                cases = _cases(held, ELIGIBILITY) + f" ELSE '{UNDETERMINED}'"
            elif name.startswith("body_"):
                shown = self._side(("reported", name.removeprefix("body_")))
                cases = f"WHEN NOT {shown} THEN NULL " + _cases(held, BODY_SIDES) + f" ELSE '{UNDETERMINED}'"
            else:
                cases = f"WHEN {held[0]} THEN TRUE WHEN {held[1]} THEN FALSE"
            columns.append(f"CASE WHEN {undecided} THEN NULL {cases} END AS {name}")
        return f"SELECT {', '.join(columns)}\nFROM {source}"


def _cases(held: list[str], names: tuple[str, ...]) -> str:
    return " ".join(f"WHEN {side} THEN '{name}'" for side, name in zip(held, names, strict=True))
