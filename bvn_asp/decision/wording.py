"""Single facts, numbers and readings as nodes of an explanation, in the policy's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.decision.nodes import COMPARISONS, Node, cited, compared, measured
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.spans import SHORT_COURSE
from bvn_asp.record.statements import Document, Said, text_of

if TYPE_CHECKING:
    from bvn_asp.decision.facts import Facts
    from bvn_asp.policy.program import OpenProgram
    from bvn_asp.policy.register import Policy

ENTITIES = ("finding", "surgery", "modic")
"""Names of the places of a case for findings, surgeries and Modic changes."""
_BODY = re.compile(r"[ctls][0-9]{1,2}")
_MIXTURE = re.compile(r"(?<=[0-9])_(?=[0-9])")
_OPEN_PLACE = re.compile(r"\{[0-9]\}:? ?| \{[0-9]\}")


NO_BODIES = Node("missing", "bodies of the request: not stated", field="request.bodies", fact="requested")
"""What is missing of a request that does not say which bodies, and where nothing is requested."""


class Wording:
    """Words what one case states, under one policy."""

    def __init__(self, program: OpenProgram, policy: Policy, facts: Facts) -> None:
        self._program, self._policy, self._facts = program, policy, facts
        self._places: dict[Term, Node] = {}
        self._missing: dict[Term, Node] = {}
        self._stated: dict[Term, Node] = {}

    def missing(self, subject: Term) -> Node:
        """Return the node of a fact that is not stated; of a finding or surgery that may not be there, its presence."""
        node = self._missing.get(subject)
        if node is None:
            node = self._missing[subject] = self._lacking(subject)
        return node

    def _lacking(self, subject: Term) -> Node:
        entity = (
            next((part for part in subject[1:] if isinstance(part, tuple)), None)
            if isinstance(subject, tuple)
            else None
        )
        if entity is not None and entity[0] in ENTITIES and entity not in self._facts.entries:
            subject = ("modic_present" if entity[0] == "modic" else "present", entity)
        if isinstance(subject, tuple) and subject[0] == "requested":
            return NO_BODIES
        field = self._facts.fields.get(subject, "")
        text = f"{self.words(subject)}: {self._open(subject)}"
        return Node("missing", text, field=field, fact=self._program.topic(subject))

    def _open(self, subject: Term) -> str:
        """Return in words how far a fact is open: not stated at all, or stated too loosely."""
        said = self._facts.said.get(subject)
        if said is not None and said.versions:
            return f"documents disagree ({'; '.join(map(_version, said.versions))})"
        number = self._facts.numbers.get(subject)
        if number is not None and (number.low is not None or number.high is not None):
            return f"stated only as {text_of(number)}"
        if said is not None and isinstance(said.value, tuple) and len(said.value) > 1:
            return f"stated only as {self.left(subject)}"
        short = any(warning.endswith(SHORT_COURSE) for warning in self._facts.warnings)
        if short and isinstance(subject, tuple) and subject[0] == "care_duration":
            return "what is stated contradicts itself"
        return "not stated"

    def documents(self, subject: Term) -> tuple[Document, ...]:
        """Return the documents that the record names for a fact, number or choice."""
        said = self._facts.said.get(subject)
        return () if said is None else said.documents

    def words(self, term: Term) -> str:
        """Return `term` in the policy's words."""
        return words_of(self._policy, term, self._facts.names)

    def fact(self, name: str, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a stated fact, choice or number; `name` is the form in which it is stated."""
        subject = arguments[0]
        field = self._facts.fields.get(subject, "")
        documents = self.documents(subject)
        if name in ("from", "to"):
            text = f"{self.words(subject)}: {text_of(self._facts.numbers[subject])}"
        elif name == "ruled_out":
            if subject not in self._stated:
                text = cited(f"{self.words(subject)}: {self.left(subject)}", documents)
                self._stated[subject] = Node("fact", text, field=field, fact=subject, documents=documents)
            return self._stated[subject]
        elif isinstance(subject, tuple) and subject[0] == "at":
            # Where an entity lies is one answer of the record, however many places the rules ask about.
            place = self._places.get(subject[1])
            if place is None:
                levels = self._facts.names.get(subject[1], "").removeprefix("at ")
                text = cited(f"{self.words(subject)}: {levels}", documents)
                place = self._places[subject[1]] = Node("fact", text, field=field, documents=documents)
            return place
        else:
            text = f"{self.words(subject)}: {name}"
        return Node("fact", cited(text, documents), field=field, fact=subject, documents=documents)

    def left(self, choice: Term) -> str:
        """Return what a record leaves possible of a choice, in words."""
        said = self._facts.said.get(choice)
        options = said.value if said is not None and isinstance(said.value, tuple) else ()
        return " or ".join(self.words(option) for option in options)

    def comparison(self, relation: str, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a number against the limit of a clause."""
        number, clause = arguments[0], self._policy.clauses[str(arguments[1])]
        quantity = self._program.quantities[number]
        threshold = Decimal(self._policy.thresholds[clause.id, quantity]) / self._policy.scale
        stated = self._facts.numbers[number]
        bound = stated.low if relation in ("at_least", "above") else stated.high
        assert bound is not None
        measure = measured(
            self.words(number), bound, self._policy.units[quantity], COMPARISONS[relation], threshold, text_of(stated)
        )
        needs = {"below": "at least", "at_most": "more than"}.get(relation, COMPARISONS[relation])
        documents = self.documents(number)
        return Node(
            "measure", cited(compared(measure, clause, needs), documents), clause=clause, measure=measure,
            field=self._facts.fields.get(number, ""), fact=number, documents=documents,
        )  # fmt: skip

    def reading(self, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a question and the option it is read as."""
        question, option = str(arguments[0]), str(arguments[1])
        read = self._policy.questions[question]
        default = "" if option == read.default else ", not the default"
        return Node("reading", f"{read.text} Read: {read.options[option]}", f"{question}={option}{default}")


def _version(statement: Said) -> str:
    """Return what one of several documents says."""
    documents = ", ".join(map(str, statement.documents))
    return f"{documents}: {statement}" if documents else str(statement)


def words_of(policy: Policy, term: Term, names: Mapping[Term, str]) -> str:
    """Return `term` in the words of `policy`; `names` is what entities are called, beyond their kind."""
    if isinstance(term, int):
        return str(term)
    name, arguments = name_of(term), term[1:] if isinstance(term, tuple) else ()
    if name == "disc":
        return "-".join(words_of(policy, argument, names) for argument in arguments)
    if name in ENTITIES:
        kind = words_of(policy, arguments[0], names) if name == "finding" else policy.wording.get(name, name)
        return f"{kind} {names[term]}" if term in names else kind
    text = policy.wording.get(name)
    if text is None:
        return name.upper() if _BODY.fullmatch(name) else plain_words(name)
    for place, argument in enumerate(arguments, 1):
        text = text.replace(f"{{{place}}}", words_of(policy, argument, names))
    return _OPEN_PLACE.sub("", text)


def plain_words(name: str) -> str:
    """Return a name in words; numbers that stand together are a mixture, such as type 1 and 2."""
    return _MIXTURE.sub(" and ", name).replace("_", " ")
