"""What a query says of the record: fields, numbers, and entries of its lists at their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from lark import Token, Tree

from bvn_asp.analysis.query.condition import Compared, Condition, Not, Stated
from bvn_asp.analysis.query.text import QueryError, suggested
from bvn_asp.policy.terms import name_of
from bvn_asp.record.anatomy import body_name, level_name
from bvn_asp.record.spans import MOMENTS
from bvn_asp.record.statements import DECIMALS

if TYPE_CHECKING:
    from bvn_asp.analysis.query.entries import Entry, Field
    from bvn_asp.analysis.query.vocabulary import Claims, Vocabulary
    from bvn_asp.policy.register import Policy
    from bvn_asp.policy.terms import Term

_PRESENT, _ABSENT = ("present", "yes"), ("absent", "no")
_RELATIONS = {"at_least": ">=", "at_most": "<=", "more": ">", "less": "<", "exactly": "="}
_MEASURED = "measured"
_MOMENTS = {"age": "age_moment", "pain_duration": "course_moment", "care_duration": "course_moment"}
"""The question between moments at which a time is counted, by the time."""

Node = Tree[Token] | Token


class Statements:
    """Reads what the query `text` says of a record, in the words of `vocabulary`."""

    def __init__(self, text: str, policy: Policy, vocabulary: Vocabulary) -> None:
        self.text, self.policy, self.vocabulary = text, policy, vocabulary

    def fail(self, token: Token, problem: str) -> NoReturn:
        """Raise QueryError at `token`."""
        raise QueryError(self.text, (token.start_pos or 0) + 1, problem)

    def unknown(self, token: Token, what: str, names: Iterable[str], *, listed: bool = True) -> NoReturn:
        """Raise QueryError for a name that is none of `names`, with those that come near, or all if `listed`."""
        known = list(dict.fromkeys(names))
        close = suggested(str(token), known)
        choices = f"; expected {', '.join(known)}" if listed else ""
        self.fail(token, f"{what} {self.written(token)!r}{close or choices}")

    def written(self, token: Token) -> str:
        """Return `token` as the query has it."""
        return self.text[token.start_pos : token.end_pos]

    def said(self, said: Tree[Token] | None, make: Callable[[Token | None], Condition], other: str | None) -> Condition:
        """Return what a word means that is stated, with `is not` before it or not."""
        if said is None:
            return make(None)
        if said.data != "stated":
            self.fail(first_of(said), other or "expected a word, not a number or a list")
        found = make(token_of(said.children[-1]))
        return Not(found) if any(token_of(child).type == "NOT" for child in said.children) else found

    def bare(self, said: Node | None, words: str) -> None:
        """Raise QueryError if anything is said after `words`."""
        if said is not None:
            self.fail(first_of(said), f"nothing more can be said of `{words}`")

    def room(self, name: Token, entry: Entry | None, index: int) -> None:
        """Raise QueryError if there is no place of this number for an entry."""
        most = self.vocabulary.places_of(entry) if entry is not None else 0
        if index and entry is None:
            self.fail(name, f"{name}: only entries of a list have a number")
        if index > most or "[0]" in name:
            self.fail(name, f"{name}: a search has room for {most}, and counts from 1")

    def body(self, token: Token) -> str:
        """Return the body that `token` names; raise QueryError if there is none."""
        try:
            return body_name(str(token))
        except ValueError as error:
            self.fail(token, f"{self.written(token)}: {error}")

    def placed(self, entry: Entry, token: Token, index: int) -> Claims:
        """Return what it means that an entry lies at the level that `token` names."""
        try:
            level = level_name(str(token))
        except ValueError as error:
            self.fail(token, f"{self.written(token)}: {error}")
        claims = self.vocabulary.placed(entry, level, place=index)
        if not claims:
            self.fail(token, f"the policy does not ask where a {entry.word} lies")
        return claims

    def presence(self, entry: Entry, place: Token | None, word: Token | None, index: int) -> Condition:
        """Return what it means that an entry is there, is not, or is unknown."""
        body = self.body(place) if place is not None else ""
        if word is None or word in _PRESENT:
            return Stated(self.vocabulary.presence(entry, True, body=body, place=index))
        if word in _ABSENT:
            return Stated(self.vocabulary.presence(entry, False, body=body, place=index))
        if word != "unknown":
            self.unknown(word, f"{entry.word} cannot be", ("present", "absent", "unknown"))
        return Stated(self.vocabulary.presence_unknown(entry, body=body))

    def field(self, field: Field, name: Token, place: Token | None, said: Tree[Token] | None, index: int) -> Condition:
        """Return what is said of a field, at a place or not."""
        body = ""
        where: Claims = ()
        if field.entry is not None and field.entry.by_body:
            if place is None:
                self.fail(name, f"say where: {field.name} at a body, such as {field.name} at L4")
            body = self.body(place)
        elif field.entry is not None and place is not None:
            where = self.placed(field.entry, place, index)
        if field.is_number and said is not None and said.data == "compared":
            found = self.compared(field, place, said, index)
            groups = tuple(
                ((*group, *(where[at] if where else ())), number) for at, (group, number) in enumerate(found.places)
            )
            return Compared(groups, found.quantity, found.relation, found.limit)
        if place is not None and not body and not where:
            self.fail(place, f"{field.name} is not asked for at a place")
        return self._stated(field, name, said, where, body=body, index=index)

    def _stated(
        self, field: Field, name: Token, said: Tree[Token] | None, where: Claims, *, body: str, index: int
    ) -> Condition:
        """Return what it means that a field is or includes a word, or that a test was made or not."""
        vocabulary = self.vocabulary
        measured = (_MEASURED,) if field.row.measured else ()
        words = (*measured, "unknown") if field.is_number else (*field.words, "unknown")

        def placed(claims: Claims) -> Stated:
            return Stated(tuple((*g, *(where[at] if where else ())) for at, g in enumerate(claims)))

        def one(word: Token | None) -> Condition:
            if word is None and "yes" not in field.words:
                wanted = (
                    f"a number to compare it with, or {' or '.join(words)}" if field.is_number else ", ".join(words)
                )
                self.fail(name, f"say what of {field.name}: {wanted}")
            if word is not None and word not in words and field.is_number:
                self.fail(word, f"{field.name} cannot be {self.written(word)!r}: expected a comparison with a number")
            if word is not None and word not in words:
                self.unknown(word, f"{field.name} cannot be", words)
            if word == "unknown":
                return placed(vocabulary.unknown(field, body=body, place=index))
            if field.is_number:
                return placed(vocabulary.measured(field, True, body=body, place=index))
            return placed(vocabulary.claims(field, str(word or "yes"), body=body, place=index))

        if said is not None and said.data == "includes":
            word = token_of(said.children[0])
            if field.is_choice and word in field.row.values:
                return placed(vocabulary.possible(field, str(word), body=body, place=index))
            if not field.listed:
                self.fail(name, f"{field.name} is no list; write `{field.name} is ...`")
            return one(word)
        denied = said is not None and said.data == "stated" and any(token_of(c).type == "NOT" for c in said.children)
        if measured and said is not None and denied and said.children[-1] == _MEASURED:
            # That a test was not made is stated, and not only left open.
            return placed(vocabulary.measured(field, False, body=body, place=index))
        return self.said(said, one, f"{field.name} is no number; expected {', '.join(words)}")

    def compared(self, field: Field, place: Token | None, said: Tree[Token], index: int) -> Compared:
        """Return the comparison of a number of the record."""
        kind = next((child for child in said.children if isinstance(child, Tree)), None)
        tokens = [child for child in said.children if isinstance(child, Token)]
        symbol = next((str(token) for token in tokens if token.type == "SYMBOL"), "=")
        amount = next(token for token in tokens if token.type in ("NUMBER", "WHOLE"))
        unit = next((token for token in tokens if token.type == "NAME"), None)
        if len(amount) > 40:
            self.fail(amount, "too many digits")
        limit = Decimal(str(amount))
        if len(str(amount).partition(".")[2].rstrip("0")) > DECIMALS:
            self.fail(amount, f"too many digits: at most {DECIMALS} decimal places")
        try:
            numbers = self.vocabulary.numbers(field, limit)
        except ValueError as error:
            self.fail(amount, f"{field.name}: {error}")
        number = numbers[0]
        if len(numbers) > 1 or (place is not None and field.entry is None):
            number = self._at_moment(field, numbers, place)
        quantity = self.vocabulary.quantities[number]
        right = self.policy.units.get(quantity, "")
        if unit is not None and unit not in (right, right.removesuffix("s")):
            given = f"is given in {right}" if right else "has no unit"
            self.fail(unit, f"{self.written(unit)!r}: {field.name} {given}; write a plain number")
        places = tuple(self.vocabulary.places(field, number, index))
        return Compared(places, quantity, _RELATIONS[str(kind.data)] if kind is not None else symbol, limit)

    def _at_moment(self, field: Field, numbers: tuple[Term, ...], place: Token | None) -> Term:
        """Return the number at the moment that is named, or that counts by default."""
        moments = {str(term[-1]): term for term in numbers if isinstance(term, tuple) and len(numbers) > 1}
        if place is None:
            question = self.policy.questions.get(_MOMENTS.get(name_of(numbers[0]), ""))
            # A policy that does not ask when a time counts goes by the record, which knows it at the request.
            return moments[question.default if question is not None else MOMENTS[0]]
        if place not in moments:
            self.unknown(place, f"{field.name} is not asked for at", moments)
        return moments[str(place)]


def token_of(node: Node) -> Token:
    """Return a node that is a token."""
    assert isinstance(node, Token)
    return node


def tree_of(node: Node) -> Tree[Token]:
    """Return a node that is a tree."""
    assert isinstance(node, Tree)
    return node


def first_of(node: Node) -> Token:
    """Return the first token of a node."""
    if isinstance(node, Token):
        return node
    return min(node.scan_values(lambda value: isinstance(value, Token)), key=lambda token: token.start_pos or 0)
