"""Single facts, numbers and readings as nodes of an explanation, in the policy's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from bvn_asp.facts import Facts
from bvn_asp.nodes import COMPARISONS, Node, compared, measured, plain
from bvn_asp.policy import Policy
from bvn_asp.solve import OpenProgram
from bvn_asp.terms import Term, name_of

ENTITIES = ("finding", "surgery", "modic")
"""Names of the places of a case for findings, surgeries and Modic changes."""
_BODY = re.compile(r"[ctls][0-9]{1,2}")
_OPEN_PLACE = re.compile(r"\{[0-9]\}:? ?| \{[0-9]\}")


class Wording:
    """Words what one case states, under one policy."""

    def __init__(self, program: OpenProgram, policy: Policy, facts: Facts) -> None:
        self._program, self._policy, self._facts = program, policy, facts
        self._places: dict[Term, Node] = {}
        self._missing: dict[Term, Node] = {}

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
        text, field = f"{self.words(subject)}: not stated", self._facts.fields.get(subject, "")
        return Node("missing", text, field=field, fact=self._program.topic(subject))

    def words(self, term: Term) -> str:
        """Return `term` in the policy's words."""
        return words_of(self._policy, term, self._facts.names)

    def fact(self, name: str, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a stated fact, choice or number; `name` is the form in which it is stated."""
        subject = arguments[0]
        field = self._facts.fields.get(subject, "")
        if name == "value":
            text = f"{self.words(subject)}: {plain(self._facts.numbers[subject])}"
        elif isinstance(subject, tuple) and subject[0] == "at":
            # Where an entity lies is one answer of the record, however many places the rules ask about.
            place = self._places.get(subject[1])
            if place is None:
                levels = self._facts.names.get(subject[1], "").removeprefix("at ")
                place = self._places[subject[1]] = Node("fact", f"{self.words(subject)}: {levels}", field=field)
            return place
        else:
            text = f"{self.words(subject)}: {self.words(arguments[1]) if name == 'is' else name}"
        return Node("fact", text, field=field, fact=subject)

    def comparison(self, relation: str, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a number against the limit of a clause."""
        number, clause = arguments[0], self._policy.clauses[str(arguments[1])]
        quantity = self._program.quantities[number]
        threshold = Decimal(self._policy.thresholds[clause.id, quantity]) / self._policy.scale
        measure = measured(
            self.words(number),
            self._facts.numbers[number],
            self._policy.units[quantity],
            COMPARISONS[relation],
            threshold,
        )
        needs = {"below": "at least", "at_most": "more than"}.get(relation, COMPARISONS[relation])
        return Node(
            "measure", compared(measure, clause, needs), clause=clause, measure=measure,
            field=self._facts.fields.get(number, ""), fact=number,
        )  # fmt: skip

    def reading(self, arguments: tuple[Term, ...]) -> Node:
        """Return the node of a question and the option it is read as."""
        question, option = str(arguments[0]), str(arguments[1])
        read = self._policy.questions[question]
        default = "" if option == read.default else ", not the default"
        return Node("reading", f"{read.text} Read: {read.options[option]}", f"{question}={option}{default}")


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
        return name.upper() if _BODY.fullmatch(name) else name.replace("_", " ")
    for place, argument in enumerate(arguments, 1):
        text = text.replace(f"{{{place}}}", words_of(policy, argument, names))
    return _OPEN_PLACE.sub("", text)
