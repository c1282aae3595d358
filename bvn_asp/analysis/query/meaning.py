"""What the words of a query mean: its syntax tree to a condition, by the names of a policy and its records."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lark import Token, Tree

from bvn_asp.analysis.query.condition import (
    AtLeast,
    BodyStatus,
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
from bvn_asp.analysis.query.statements import Node, Statements, token_of, tree_of
from bvn_asp.analysis.search import RECOMMENDATIONS
from bvn_asp.decision.verdict import SIDES
from bvn_asp.record.anatomy import body_name

if TYPE_CHECKING:
    from bvn_asp.analysis.query.vocabulary import Vocabulary
    from bvn_asp.policy.register import Policy

_ELIGIBILITY = ("eligible", "not_eligible", "undetermined")
_BODY_STATUSES = ("permissible", "refused", "undetermined", "requested")
_FAILS, _PASSES = ("fails", "fail", "failing"), ("passes", "pass", "passing")
_INDEX = re.compile(r"(\w+)\[([0-9]{1,3})\](.*)")


class Meaning(Statements):
    """Reads one query; `readings` holds what it sets for the whole of it."""

    def __init__(self, text: str, policy: Policy, vocabulary: Vocabulary) -> None:
        super().__init__(text, policy, vocabulary)
        self.readings: dict[str, str] = {}
        self.criteria = [c.id for c in policy.clauses.values() if c.kind in SIDES and c.part_of is None]

    def query(self, tree: Tree[Token]) -> Condition:
        """Return the condition of the whole query."""
        return self._read(tree.children[0], top=True)

    def _read(self, node: Node, *, top: bool = False) -> Condition:
        """Return the meaning of a node; `top` if it is joined to the whole query by `and` alone."""
        assert isinstance(node, Tree)
        children = node.children
        meanings: dict[str, Callable[[], Condition]] = {
            "implies": lambda: any_of(Not(self._read(children[0], top=top)), self._read(children[1])),
            "all": lambda: all_of(*(self._read(child, top=top) for child in children)),
            "any": lambda: any_of(*map(self._read, children)),
            "negated": lambda: Not(self._read(children[0])),
            "under": lambda: Under(self._read(children[0]), self._settings(children[1])),
            "reading": lambda: self._reading(node, top=top),
            "differs": lambda: Differs(self._settings(children[0]), self._settings(children[1])),
            "only": lambda: self._only(node),
            "criteria": lambda: self._criteria(node),
            "bodies": lambda: self._bodies(node),
            "ablation": lambda: self._ablation(node),
            "fact": lambda: self._fact(node),
        }
        return meanings[node.data]()

    def _settings(self, node: Node) -> Settings:
        assert isinstance(node, Tree)
        found: dict[str, str] = {}
        for setting in node.children:
            assert isinstance(setting, Tree)
            question, option = setting.children
            assert isinstance(question, Token) and isinstance(option, Token)
            if question not in self.policy.questions:
                self.unknown(question, "there is no question", self.policy.questions, listed=False)
            options = self.policy.questions[question].options
            if option not in options:
                self.unknown(option, f"question {question} has no option", options)
            if found.setdefault(str(question), str(option)) != option:
                self.fail(option, f"question {question} is read in two ways")
        return tuple(found.items())

    def _reading(self, node: Tree[Token], *, top: bool) -> Condition:
        first = next(node.scan_values(lambda value: isinstance(value, Token)))
        if not top:
            self.fail(first, "a reading is set for the whole query, joined by `and`; "
                       "for a part of it write `... under QUESTION=OPTION`")  # fmt: skip
        for question, option in self._settings(node.children[0]):
            if self.readings.setdefault(question, option) != option:
                self.fail(first, f"question {question} is read in two ways")
        return all_of()

    def _clause(self, token: Token) -> str:
        known = [clause.id for clause in self.policy.clauses.values() if clause.kind in SIDES]
        if token not in known:
            if token in self.policy.clauses:
                self.fail(token, f"{token} is a {self.policy.clauses[token].kind}, no criterion with a status")
            self.unknown(token, "there is no criterion", known, listed=False)
        return str(token)

    def _only(self, node: Tree[Token]) -> Condition:
        clause = self._clause(token_of(node.children[0]))
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
        bound, number, status = tree_of(node.children[0]), token_of(node.children[1]), token_of(node.children[-1])
        meanings: dict[str, Callable[[str], Condition]] = {
            **dict.fromkeys(_FAILS, self._failing), **dict.fromkeys(_PASSES, self._passing),
            "undetermined": lambda id: Status(id, "undetermined"),
        }  # fmt: skip
        if status not in meanings:
            self.unknown(status, "criteria have no status", ("fail", "pass", "undetermined"))
        return self._counted(bound, number, [meanings[status](id) for id in self.criteria])

    def _bodies(self, node: Tree[Token]) -> Condition:
        bound, number, *rest = node.children
        status, requested = token_of(rest[-1]), len(rest) > 1
        if status not in _BODY_STATUSES:
            self.unknown(status, "a body has no status", _BODY_STATUSES)
        parts: list[Condition] = []
        for body in self.vocabulary.room.bodies:
            found: Condition = BodyStatus(body, str(status))
            parts.append(all_of(BodyStatus(body, "requested"), found) if requested else found)
        return self._counted(tree_of(bound), token_of(number), parts)

    def _counted(self, bound: Tree[Token], number: Token, parts: list[Condition]) -> Condition:
        if len(number) > 3:
            self.fail(number, "too large a number")
        count, kind = int(number), bound.data
        least, beyond = AtLeast(count, tuple(parts)), AtLeast(count + 1, tuple(parts))
        if kind == "exactly":
            return all_of(least, Not(beyond))
        meanings: dict[str, Condition] = {
            "at_least": least, "at_most": Not(beyond), "more": beyond, "less": Not(least),
        }  # fmt: skip
        return meanings[str(kind)]

    def _ablation(self, node: Tree[Token]) -> Condition:
        entry = next(entry for entry in self.vocabulary.entries.values() if entry.by_body)
        words = [child for child in node.children if isinstance(child, Token) and child.type != "IS"]
        return self.presence(entry, words[0], words[1] if len(words) > 1 else None, 0)

    def _fact(self, node: Tree[Token]) -> Condition:
        name = token_of(node.children[0])
        place = next(
            (token_of(c.children[0]) for c in node.children if isinstance(c, Tree) and c.data == "place"), None
        )
        said = next((c for c in node.children[1:] if isinstance(c, Tree) and c.data != "place"), None)
        simple = self._simple(name, place, said)
        if simple is not None:
            return simple
        indexed = _INDEX.fullmatch(str(name))
        plain, index = (indexed[1] + indexed[3], int(indexed[2])) if indexed else (str(name), 0)
        entry = self.vocabulary.entries.get(plain)
        if entry is not None:
            self.room(name, entry, index)
            if place is None and entry.by_body:
                self.fail(name, f"say where: {entry.word} at a body, such as {entry.word} at L4")
            if place is not None and not entry.by_body:
                self.bare(said, f"{plain} at {place}")
                return Stated(self.placed(entry, place, index))
            return self.said(said, lambda word: self.presence(entry, place, word, index), None)
        fields = self.vocabulary.find(plain)
        if len(fields) > 1:
            self.fail(name, f"{plain} can mean {', '.join(field.name for field in fields)}")
        if not fields:
            names = (*self.vocabulary.names, *self.policy.clauses, *RECOMMENDATIONS, "recommendation", "eligibility")
            short = [known.rsplit(".", 1)[-1] for known in self.vocabulary.names]
            self.unknown(name, "nothing is called", (*names, *short), listed=False)
        self.room(name, fields[0].entry, index)
        return self.field(fields[0], name, place, said, index)

    def _simple(self, name: Token, place: Token | None, said: Tree[Token] | None) -> Condition | None:
        """Return the meaning of a name that the record does not state, or None."""
        if name in RECOMMENDATIONS or name in _ELIGIBILITY[:2]:
            self.bare(said or place, str(name))
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
            self.fail(place, f"{name} is not asked for at a place")

        def one(word: Token | None) -> Condition:
            if word is None:
                self.fail(name, f"say what of {name}: {', '.join(known)}")
            if word not in known:
                self.unknown(word, f"{name} has no status", known)
            return make(str(word))

        return self.said(said, one, None)
