"""Explanations: why a conclusion holds, from the ground rules that derive it down to the facts of the record.

Every rule that derives the conclusion is followed, so every reason is shown, not only the first. What is not
settled is explained by the facts that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bvn_asp.facts import Facts
from bvn_asp.policy import Clause, Policy
from bvn_asp.solve import OpenProgram
from bvn_asp.terms import Term, name_of

STATUSES = ("met", "unmet", "violated", "clear", "undetermined")
COMPARISONS = {"at_least": "at least", "below": "less than", "above": "more than", "at_most": "not more than"}
COUNTS = {"reaches": "at least", "falls_short": "less than", "within": "not more than", "exceeds": "more than"}


@dataclass(frozen=True)
class Measure:
    """A number or count of the record against a limit: values in `unit`, margin = actual - threshold."""

    name: str
    actual: Decimal
    unit: str
    relation: str
    threshold: Decimal
    margin: Decimal


@dataclass(frozen=True)
class Node:
    """One step of an explanation.

    `kind` is recommendation, criterion, body, reason, fact, measure, reading or missing; `status` the status of a
    criterion or body; `field` the record's field behind a fact; `children` the reasons.
    """

    kind: str
    text: str
    status: str = ""
    clause: Clause | None = None
    field: str = ""
    fact: Term = ""
    measure: Measure | None = None
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


class Explainer:
    """Explains the answer set in which exactly the literals with `holds` are true."""

    def __init__(self, program: OpenProgram, policy: Policy, facts: Facts, holds: Callable[[int], bool]) -> None:
        self._program, self._policy, self._facts = program, policy, facts
        self._model = holds
        self._truth: dict[int, bool] = {}
        self._why: dict[int, tuple[Node, ...]] = {}
        self._gaps: dict[int, tuple[Node, ...]] = {}
        self._possible: dict[int, bool] = {}
        self._stated = {_subject(term) for term in facts.stated}

    def holds(self, term: Term) -> bool:
        """Tell whether the atom `term` is true."""
        literal = self._program.literal(term)
        return literal is not None and (literal in self._program.facts or self._true(literal))

    def why(self, term: Term) -> tuple[Node, ...]:
        """Return the reasons for the true atom `term`."""
        literal = self._program.literal(term)
        return () if literal is None else self._reasons(literal)

    def missing(self, term: Term) -> tuple[Node, ...]:
        """Return the facts that are missing for the atom `term`, under the steps that lack them."""
        literal = self._program.literal(term)
        return () if literal is None else self._lacking(literal)

    def criterion(self, clause: Clause, status: str) -> Node:
        """Return the node of `clause` with its `status`, and its reasons or what is missing."""
        if status == "undetermined":
            goal = "met" if clause.kind == "indication" else "clear"
            return Node("criterion", clause.label, status, clause, children=self.missing((goal, clause.id)))
        return Node("criterion", clause.label, status, clause, children=self.why((status, clause.id)))

    def words(self, term: Term) -> str:
        """Return `term` in the policy's words."""
        if isinstance(term, int):
            return str(term)
        name, arguments = name_of(term), term[1:] if isinstance(term, tuple) else ()
        if name == "disc":
            return "-".join(map(self.words, arguments))
        if name in ("finding", "surgery", "modic"):
            kind = self.words(arguments[0]) if name == "finding" else self._policy.wording.get(name, name)
            return f"{kind} {self._facts.names[term]}" if term in self._facts.names else kind
        text = self._policy.wording.get(name)
        if text is None:
            return name.upper() if _BODY.fullmatch(name) else name.replace("_", " ")
        for place, argument in enumerate(arguments, 1):
            text = text.replace(f"{{{place}}}", self.words(argument))
        return text

    def _true(self, literal: int) -> bool:
        known = self._truth.get(literal)
        if known is None:
            known = self._truth[literal] = self._model(literal)
        return known

    def _reasons(self, literal: int) -> tuple[Node, ...]:
        known = self._why.get(literal)
        if known is None:
            found: dict[Node, None] = {}
            for bound, body in self._program.rules.get(literal, ()):
                true = [part for part in body if self._true(part)]
                if len(true) >= bound:
                    for part in true:
                        found.update(dict.fromkeys(self._step(part)))
            known = self._why[literal] = tuple(found)
        return known

    def _step(self, literal: int) -> tuple[Node, ...]:
        """Return what to show for the true `literal` in the body of a rule."""
        if literal < 0:
            return ()
        term = self._program.term(literal)
        if term is None:
            return self._reasons(literal)
        name, arguments = name_of(term), term[1:] if isinstance(term, tuple) else ()
        if name in ("yes", "no", "is", "value"):
            return (self._fact(name, arguments),)
        if name in COMPARISONS:
            return (self._comparison(name, arguments),)
        if name in COUNTS:
            return (self._count(name, str(arguments[0]), self._reasons(literal)),)
        if name == "chosen":
            return (self._reading(str(arguments[0]), str(arguments[1])),)
        if name in STATUSES:
            return (Node("criterion", *self._clause(arguments[0], name), children=self._reasons(literal)),)
        if name in ("fails_at", "passes_at"):
            return (Node("criterion", *self._clause(arguments[0], name.partition("_")[0]), children=self._reasons(literal)),)
        if name in ("permissible", "refused"):
            return (Node("body", self.words(arguments[0]), name, children=self._reasons(literal)),)
        if name in self._policy.wording:
            return (Node("reason", self.words(term), children=self._reasons(literal)),)
        return self._reasons(literal)

    def _clause(self, id: Term, status: str) -> tuple[str, str, Clause]:
        clause = self._policy.clauses[str(id)]
        return clause.label, status, clause

    def _fact(self, form: str, arguments: tuple[Term, ...]) -> Node:
        subject = arguments[0]
        field = self._facts.fields.get(subject, "")
        text = self.words(subject)
        if name_of(subject) == "at" and isinstance(subject, tuple):
            return Node("fact", f"{text}: {self._facts.names.get(subject[1], '').removeprefix('at ')}", field=field)
        if form == "value":
            return Node("fact", f"{text}: {plain(self._facts.numbers[subject])}", field=field, fact=subject)
        answer = self.words(arguments[1]) if form == "is" else form
        return Node("fact", f"{text}: {answer}", field=field, fact=subject)

    def _comparison(self, relation: str, arguments: tuple[Term, ...]) -> Node:
        number, clause = arguments[0], self._policy.clauses[str(arguments[1])]
        quantity = self._quantity(number)
        threshold = Decimal(self._policy.thresholds[clause.id, quantity]) / self._policy.scale
        measure = _measure(
            self.words(number), self._facts.numbers[number], self._policy.units[quantity], COMPARISONS[relation], threshold
        )
        needs = {"below": "at least", "at_most": "more than"}.get(relation, COMPARISONS[relation])
        return Node(
            "measure", _compared(measure, clause, needs), clause=clause, measure=measure,
            field=self._facts.fields.get(number, ""), fact=number,
        )  # fmt: skip

    def _quantity(self, number: Term) -> str:
        return self._program.quantities[number]

    def _count(self, relation: str, id: str, reasons: tuple[Node, ...]) -> Node:
        clause = self._policy.clauses[id]
        members = (row for row in self._program.rows("counts_toward", 2) if row[0] == id)
        count = sum(self.holds(("counts_toward", *row)) for row in members)
        pools = (row for row in self._program.rows("candidates", 2) if row[0] == id)
        of = next((f"of {row[1]}" for row in pools if self.holds(("candidates", *row))), "")
        limit = Decimal(self._policy.tallies[id])
        measure = _measure(self.words(relation), Decimal(count), of, COUNTS[relation], limit)
        needs = "at most" if relation in ("within", "exceeds") else "at least"
        return Node("measure", _counted(measure, needs), clause=clause, measure=measure, children=reasons)

    def _reading(self, question: str, option: str) -> Node:
        read = self._policy.questions[question]
        default = "" if option == read.default else ", not the default"
        return Node("reading", f"{read.text} Read: {read.options[option]}", f"{question}={option}{default}")

    def _lacking(self, literal: int) -> tuple[Node, ...]:
        """Return what is missing for `literal`, over the rules that could still derive it."""
        known = self._gaps.get(literal)
        if known is not None:
            return known
        found: dict[Node, None] = {}
        for bound, body in self._program.rules.get(literal, ()):
            if sum(map(self._can, body)) >= bound:
                for part in body:
                    if not self._true(part) and self._can(part):
                        found.update(dict.fromkeys(self._gap(part)))
        self._gaps[literal] = tuple(found)
        return self._gaps[literal]

    def _gap(self, literal: int) -> tuple[Node, ...]:
        term = self._program.term(literal)
        if literal in self._program.inputs and isinstance(term, tuple):
            subject = term[1]
            return (Node("missing", f"{self.words(subject)}: not stated", field=self._facts.fields.get(subject, ""), fact=self._program.topic(subject)),)
        below = self._lacking(literal)
        if term is None or not below:
            return below
        name = name_of(term)
        if name in ("met", "clear", "passes_at") and isinstance(term, tuple):
            return (Node("criterion", *self._clause(term[1], "undetermined"), children=below),)
        return below

    def _can(self, literal: int) -> bool:
        """Tell whether `literal` is true or could become so if more were stated."""
        known = self._possible.get(literal)
        if known is None:
            known = self._possible[literal] = self._could(literal)
        return known

    def _could(self, literal: int) -> bool:
        if literal < 0 or self._true(literal) or literal in self._program.facts:
            return literal in self._program.facts or self._true(literal)
        term = self._program.inputs.get(literal)
        if term is not None:
            return name_of(term) in ("yes", "no", "is", "value") and _subject(term) not in self._stated
        return any(sum(map(self._can, body)) >= bound for bound, body in self._program.rules.get(literal, ()))


def plain(value: Decimal) -> str:
    """Return a number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _subject(term: Term) -> Term:
    return term[1] if isinstance(term, tuple) else term


def _measure(name: str, actual: Decimal, unit: str, relation: str, threshold: Decimal) -> Measure:
    return Measure(name, actual, unit, relation, threshold, actual - threshold)


def _compared(measure: Measure, clause: Clause, needs: str) -> str:
    unit = f" {measure.unit}" if measure.unit else ""
    head = f"{measure.name}: {plain(measure.actual)}{unit}"
    margin = plain(abs(measure.margin))
    if clause.kind == "indication":
        short = "over" if measure.margin > 0 else "short" if measure.margin < 0 else "exactly the limit"
        return f"{head}, needs {needs} {plain(measure.threshold)}: " + (f"{margin} {short}" if measure.margin else short)
    side = f"{margin} {'over' if measure.margin > 0 else 'under'}" if measure.margin else "exactly the limit"
    return f"{head}, {measure.relation} {plain(measure.threshold)}: {side}"


def _counted(measure: Measure, needs: str) -> str:
    unit = f" {measure.unit}" if measure.unit else ""
    margin = plain(abs(measure.margin))
    if needs == "at least":
        side = f", {margin} more needed" if measure.margin < 0 else ""
    else:
        side = f", {margin} too many" if measure.margin > 0 else ""
    return f"{measure.name}: {plain(measure.actual)}{unit}, {needs} {plain(measure.threshold)}{side}"


_BODY = re.compile(r"[ctls][0-9]{1,2}")
