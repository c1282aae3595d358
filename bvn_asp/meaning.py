"""What the words of a query mean: its syntax tree to a condition, by the names of a policy and its records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NoReturn

from lark import Token, Tree

from bvn_asp.condition import (
    AtLeast,
    BodyStatus,
    Compared,
    Condition,
    Differs,
    Eligibility,
    Not,
    Recommended,
    Settings,
    Stated,
    Status,
    Under,
    all_of,
    any_of,
    failing,
    opposite,
)
from bvn_asp.decide import SIDES
from bvn_asp.fields import DECIMALS
from bvn_asp.policy import Policy
from bvn_asp.query import QueryError, suggested
from bvn_asp.search import RECOMMENDATIONS
from bvn_asp.spine import body_name, level_name
from bvn_asp.terms import Term
from bvn_asp.vocabulary import Entry, Field, Vocabulary

_ELIGIBILITY = ("eligible", "not_eligible", "undetermined")
_BODY_STATUSES = ("permissible", "refused", "undetermined", "requested")
_FAILS, _PASSES = ("fails", "fail", "failing"), ("passes", "pass", "passing")
_PRESENT, _ABSENT = ("present", "yes"), ("absent", "no")
_RELATIONS = {"at_least": ">=", "at_most": "<=", "more": ">", "less": "<", "exactly": "="}
_INDEX = re.compile(r"(\w+)\[([0-9]{1,3})\](.*)")
_MOMENTS = "moment"
"""The question between moments at which a time is counted."""

Node = Tree[Token] | Token


class Meaning:
    """Reads one query; `readings` holds what it sets for the whole of it."""

    def __init__(self, text: str, policy: Policy, vocabulary: Vocabulary) -> None:
        self.text, self.policy, self.vocabulary = text, policy, vocabulary
        self.readings: dict[str, str] = {}
        self.criteria = [c.id for c in policy.clauses.values() if c.kind in SIDES and c.part_of is None]

    def query(self, tree: Tree[Token]) -> Condition:
        """Return the condition of the whole query."""
        return self._read(tree.children[0], top=True)

    def _fail(self, token: Token, problem: str) -> NoReturn:
        raise QueryError(self.text, (token.start_pos or 0) + 1, problem)

    def _unknown(self, token: Token, what: str, names: Iterable[str], *, listed: bool = True) -> NoReturn:
        known = list(dict.fromkeys(names))
        close = suggested(str(token), known)
        choices = f"; expected {', '.join(known)}" if listed else ""
        self._fail(token, f"{what} {self._written(token)!r}{close or choices}")

    def _written(self, token: Token) -> str:
        return self.text[token.start_pos : token.end_pos]

    def _read(self, node: Node, *, top: bool = False) -> Condition:
        assert isinstance(node, Tree)
        children = node.children
        if node.data == "implies":
            return any_of(Not(self._read(children[0], top=top)), self._read(children[1]))
        if node.data == "all":
            return all_of(*(self._read(child, top=top) for child in children))
        if node.data == "any":
            return any_of(*map(self._read, children))
        if node.data == "negated":
            return Not(self._read(children[0]))
        if node.data == "under":
            return Under(self._read(children[0]), self._settings(children[1]))
        if node.data == "reading":
            return self._reading(node, top=top)
        if node.data == "differs":
            return Differs(self._settings(children[0]), self._settings(children[1]))
        meanings: dict[str, Callable[[Tree[Token]], Condition]] = {
            "only": self._only, "criteria": self._criteria, "bodies": self._bodies, "ablation": self._ablation,
            "fact": self._fact,
        }  # fmt: skip
        return meanings[node.data](node)

    def _settings(self, node: Node) -> Settings:
        assert isinstance(node, Tree)
        found: dict[str, str] = {}
        for setting in node.children:
            assert isinstance(setting, Tree)
            question, option = setting.children
            assert isinstance(question, Token) and isinstance(option, Token)
            if question not in self.policy.questions:
                self._unknown(question, "there is no question", self.policy.questions, listed=False)
            options = self.policy.questions[question].options
            if option not in options:
                self._unknown(option, f"question {question} has no option", options)
            if found.setdefault(str(question), str(option)) != option:
                self._fail(option, f"question {question} is read in two ways")
        return tuple(found.items())

    def _reading(self, node: Tree[Token], *, top: bool) -> Condition:
        first = next(node.scan_values(lambda value: isinstance(value, Token)))
        if not top:
            self._fail(first, "a reading is set for the whole query, joined by `and`; "
                       "for a part of it write `... under QUESTION=OPTION`")  # fmt: skip
        for question, option in self._settings(node.children[0]):
            if self.readings.setdefault(question, option) != option:
                self._fail(first, f"question {question} is read in two ways")
        return all_of()

    def _clause(self, token: Token) -> str:
        known = [clause.id for clause in self.policy.clauses.values() if clause.kind in SIDES]
        if token not in known:
            if token in self.policy.clauses:
                self._fail(token, f"{token} is a {self.policy.clauses[token].kind}, no criterion with a status")
            self._unknown(token, "there is no criterion", known, listed=False)
        return str(token)

    def _only(self, node: Tree[Token]) -> Condition:
        clause = self._clause(_token(node.children[0]))
        whole = self.policy.clauses[clause].part_of or clause
        siblings = [c.id for c in self.policy.clauses.values() if c.part_of == whole and clause != whole]
        wanted = {whole, clause}
        return all_of(
            Recommended("deny"),
            *(self._failing(id) for id in dict.fromkeys((whole, clause))),
            *(Not(self._failing(id)) for id in (*self.criteria, *siblings) if id not in wanted),
        )

    def _failing(self, clause: str) -> Condition:
        return Status(clause, failing(self.policy, clause))

    def _passing(self, clause: str) -> Condition:
        return Status(clause, opposite(self.policy, clause, failing(self.policy, clause)))

    def _criteria(self, node: Tree[Token]) -> Condition:
        bound, number, status = _tree(node.children[0]), _token(node.children[1]), _token(node.children[-1])
        meanings: dict[str, Callable[[str], Condition]] = {
            **dict.fromkeys(_FAILS, self._failing), **dict.fromkeys(_PASSES, self._passing),
            "undetermined": lambda id: Status(id, "undetermined"),
        }  # fmt: skip
        if status not in meanings:
            self._unknown(status, "criteria have no status", ("fail", "pass", "undetermined"))
        return self._counted(bound, number, [meanings[status](id) for id in self.criteria])

    def _bodies(self, node: Tree[Token]) -> Condition:
        bound, number, *rest = node.children
        status, requested = _token(rest[-1]), len(rest) > 1
        if status not in _BODY_STATUSES:
            self._unknown(status, "a body has no status", _BODY_STATUSES)
        parts: list[Condition] = []
        for body in self.vocabulary.room.bodies:
            found: Condition = BodyStatus(body, str(status))
            parts.append(all_of(BodyStatus(body, "requested"), found) if requested else found)
        return self._counted(_tree(bound), _token(number), parts)

    def _counted(self, bound: Tree[Token], number: Token, parts: list[Condition]) -> Condition:
        if len(number) > 3:
            self._fail(number, "too large a number")
        count, kind = int(number), bound.data
        least, beyond = AtLeast(count, tuple(parts)), AtLeast(count + 1, tuple(parts))
        if kind == "exactly":
            return all_of(least, Not(beyond))
        return {"at_least": least, "at_most": Not(beyond), "more": beyond, "less": Not(least)}[str(kind)]

    def _ablation(self, node: Tree[Token]) -> Condition:
        entry = next(entry for entry in self.vocabulary.entries.values() if entry.by_body)
        words = [child for child in node.children if isinstance(child, Token) and child.type != "IS"]
        return self._presence(entry, words[0], words[1] if len(words) > 1 else None, 0)

    def _fact(self, node: Tree[Token]) -> Condition:
        name = _token(node.children[0])
        place = next((_token(c.children[0]) for c in node.children if isinstance(c, Tree) and c.data == "place"), None)
        said = next((c for c in node.children[1:] if isinstance(c, Tree) and c.data != "place"), None)
        simple = self._simple(name, place, said)
        if simple is not None:
            return simple
        indexed = _INDEX.fullmatch(str(name))
        plain, index = (indexed[1] + indexed[3], int(indexed[2])) if indexed else (str(name), 0)
        entry = self.vocabulary.entries.get(plain)
        if entry is not None:
            self._room(name, entry, index)
            if place is None and entry.by_body:
                self._fail(name, f"say where: {entry.word} at a body, such as {entry.word} at L4")
            if place is not None and not entry.by_body:
                self._bare(said, f"{plain} at {place}")
                return Stated(self._placed(entry, place, index))
            return self._said(said, lambda word: self._presence(entry, place, word, index), None)
        fields = self.vocabulary.find(plain)
        if len(fields) > 1:
            self._fail(name, f"{plain} can mean {', '.join(field.name for field in fields)}")
        if not fields:
            names = (*self.vocabulary.names, *self.policy.clauses, *RECOMMENDATIONS, "recommendation", "eligibility")
            short = [known.rsplit(".", 1)[-1] for known in self.vocabulary.names]
            self._unknown(name, "nothing is called", (*names, *short), listed=False)
        self._room(name, fields[0].entry, index)
        return self._field(fields[0], name, place, said, index)

    def _simple(self, name: Token, place: Token | None, said: Tree[Token] | None) -> Condition | None:
        """Return the meaning of a name that the record does not state, or None."""
        if name in RECOMMENDATIONS or name in _ELIGIBILITY[:2]:
            self._bare(said or place, str(name))
            return Recommended(str(name)) if name in RECOMMENDATIONS else Eligibility(str(name))
        known: tuple[str, ...]
        make: Callable[[str], Condition]
        if name == "recommendation":
            known, make = RECOMMENDATIONS, Recommended
        elif name == "eligibility":
            known, make = _ELIGIBILITY, Eligibility
        elif name in self.policy.clauses:
            clause = self._clause(name)
            known = (*SIDES[self.policy.clauses[clause].kind], "undetermined")
            synonyms = {**dict.fromkeys(_FAILS, self._failing), **dict.fromkeys(_PASSES, self._passing)}

            def make(word: str) -> Condition:
                return synonyms[word](clause) if word in synonyms else Status(clause, word)

            if said is not None and said.data == "stated" and said.children[-1] in synonyms:
                known = (*known, *synonyms)
        else:
            try:
                body = body_name(str(name))
            except ValueError:
                return None
            known, make = _BODY_STATUSES, lambda word: BodyStatus(body, word)
        if place is not None:
            self._fail(place, f"{name} is not asked for at a place")

        def one(word: Token | None) -> Condition:
            if word is None:
                self._fail(name, f"say what of {name}: {', '.join(known)}")
            if word not in known:
                self._unknown(word, f"{name} has no status", known)
            return make(str(word))

        return self._said(said, one, None)

    def _said(
        self, said: Tree[Token] | None, make: Callable[[Token | None], Condition], other: str | None
    ) -> Condition:
        """Return what a word means that is stated, with `is not` before it or not."""
        if said is None:
            return make(None)
        if said.data != "stated":
            self._fail(_first(said), other or "expected a word, not a number or a list")
        found = make(_token(said.children[-1]))
        return Not(found) if any(_token(child).type == "NOT" for child in said.children) else found

    def _bare(self, said: Node | None, words: str) -> None:
        if said is not None:
            self._fail(_first(said), f"nothing more can be said of `{words}`")

    def _room(self, name: Token, entry: Entry | None, index: int) -> None:
        most = self.vocabulary.places_of(entry) if entry is not None else 0
        if index and entry is None:
            self._fail(name, f"{name}: only entries of a list have a number")
        if index > most or "[0]" in name:
            self._fail(name, f"{name}: a search has room for {most}, and counts from 1")

    def _body(self, token: Token) -> str:
        try:
            return body_name(str(token))
        except ValueError as error:
            self._fail(token, f"{self._written(token)}: {error}")

    def _placed(self, entry: Entry, token: Token, index: int) -> tuple[tuple[tuple[Term, bool], ...], ...]:
        try:
            level = level_name(str(token))
        except ValueError as error:
            self._fail(token, f"{self._written(token)}: {error}")
        claims = self.vocabulary.placed(entry, level, place=index)
        if not claims:
            self._fail(token, f"the policy does not ask where a {entry.word} lies")
        return claims

    def _presence(self, entry: Entry, place: Token | None, word: Token | None, index: int) -> Condition:
        body = self._body(place) if place is not None else ""
        if word is None or word in _PRESENT:
            return Stated(self.vocabulary.presence(entry, True, body=body, place=index))
        if word in _ABSENT:
            return Stated(self.vocabulary.presence(entry, False, body=body, place=index))
        if word != "unknown":
            self._unknown(word, f"{entry.word} cannot be", ("present", "absent", "unknown"))
        return Stated(self.vocabulary.presence_unknown(entry, body=body))

    def _field(
        self, field: Field, name: Token, place: Token | None, said: Tree[Token] | None, index: int
    ) -> Condition:
        vocabulary, body = self.vocabulary, ""
        where: tuple[tuple[tuple[Term, bool], ...], ...] = ()
        if field.entry is not None and field.entry.by_body:
            if place is None:
                self._fail(name, f"say where: {field.name} at a body, such as {field.name} at L4")
            body = self._body(place)
        elif field.entry is not None and place is not None:
            where = self._placed(field.entry, place, index)
        if field.is_number and said is not None and said.data == "compared":
            found = self._compared(field, place, said, index)
            groups = tuple(
                ((*group, *(where[at] if where else ())), number) for at, (group, number) in enumerate(found.places)
            )
            return Compared(groups, found.quantity, found.relation, found.limit)
        if place is not None and not body and not where:
            self._fail(place, f"{field.name} is not asked for at a place")
        words = ("unknown",) if field.is_number else (*field.words, "unknown")

        def one(word: Token | None) -> Condition:
            if word is None and "yes" not in field.words:
                wanted = "a number to compare it with, or unknown" if field.is_number else ", ".join(words)
                self._fail(name, f"say what of {field.name}: {wanted}")
            if word is not None and word not in words:
                self._unknown(word, f"{field.name} cannot be", words)
            claims = (
                vocabulary.unknown(field, body=body, place=index)
                if word == "unknown"
                else vocabulary.claims(field, str(word or "yes"), body=body, place=index)
            )
            return Stated(tuple((*g, *(where[at] if where else ())) for at, g in enumerate(claims)))

        if said is not None and said.data == "includes":
            if not field.listed:
                self._fail(name, f"{field.name} is no list; write `{field.name} is ...`")
            return one(_token(said.children[0]))
        return self._said(said, one, f"{field.name} is no number; expected {', '.join(words)}")

    def _compared(self, field: Field, place: Token | None, said: Tree[Token], index: int) -> Compared:
        kind = next((child for child in said.children if isinstance(child, Tree)), None)
        tokens = [child for child in said.children if isinstance(child, Token)]
        symbol = next((str(token) for token in tokens if token.type == "SYMBOL"), "=")
        amount = next(token for token in tokens if token.type in ("NUMBER", "WHOLE"))
        unit = next((token for token in tokens if token.type == "NAME"), None)
        if len(amount) > 40:
            self._fail(amount, "too many digits")
        limit = Decimal(str(amount))
        if limit != round(limit, DECIMALS):
            self._fail(amount, f"too many digits: at most {DECIMALS} decimal places")
        try:
            numbers = self.vocabulary.numbers(field, limit)
        except ValueError as error:
            self._fail(amount, f"{field.name}: {error}")
        number = numbers[0]
        if len(numbers) > 1 or (place is not None and field.entry is None):
            number = self._at_moment(field, numbers, place)
        quantity = self.vocabulary.quantities[number]
        right = self.policy.units.get(quantity, "")
        if unit is not None and unit not in (right, right.removesuffix("s")):
            self._fail(unit, f"{field.name} is given in {right}" if right else f"{field.name} has no unit")
        places = tuple(self.vocabulary.places(field, number, index))
        return Compared(places, quantity, _RELATIONS[str(kind.data)] if kind is not None else symbol, limit)

    def _at_moment(self, field: Field, numbers: tuple[Term, ...], place: Token | None) -> Term:
        """Return the number at the moment that is named, or that counts by default."""
        moments = {str(term[-1]): term for term in numbers if isinstance(term, tuple) and len(numbers) > 1}
        if place is None:
            return moments[self.policy.questions[_MOMENTS].default]
        if place not in moments:
            self._unknown(place, f"{field.name} is not asked for at", moments)
        return moments[str(place)]


def _token(node: Node) -> Token:
    assert isinstance(node, Token)
    return node


def _tree(node: Node) -> Tree[Token]:
    assert isinstance(node, Tree)
    return node


def _first(node: Node) -> Token:
    """Return the first token of a node."""
    if isinstance(node, Token):
        return node
    return min(node.scan_values(lambda value: isinstance(value, Token)), key=lambda token: token.start_pos)
