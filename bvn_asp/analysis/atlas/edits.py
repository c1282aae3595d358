"""Small edits of rules: for every one, a record that the policy then recommends otherwise.

All edits are ground at once, beside the policy: a mark tells what each rule concludes, and each edited one. An edit is
then a variant in which what its rule concludes follows from the marks of the other rules and of the edited one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import clingo.ast

from bvn_asp.analysis.atlas.contrast import usual_spaces
from bvn_asp.analysis.mutants import edits, rules
from bvn_asp.analysis.records import RECORDS, ground
from bvn_asp.analysis.search import RECOMMENDATIONS, Search
from bvn_asp.analysis.space import Space, World
from bvn_asp.analysis.variant import Variants
from bvn_asp.policy.ground import Statement
from bvn_asp.policy.grounding import OPEN_INPUTS

if TYPE_CHECKING:
    from bvn_asp.policy.terms import Term

_RULE, _EDIT = "__rule", "__edit"


class Edit(NamedTuple):
    """An edit of a rule: the line of the rule, and what is done to it."""

    line: int
    words: str


class Edits:
    """The edits of the rules of a policy that conclude something of their own, each with what they are replaced by."""

    def __init__(self, search: Search) -> None:
        self._search = search
        machinery = {_head(rule) for text in (OPEN_INPUTS, RECORDS) for rule in _with_bodies(text)}
        self._rules = [rule for rule in _with_bodies(search.policy.text) if _head(rule) not in machinery]
        self.edits: list[Edit] = []
        self._edited: list[int] = []
        marks: list[str] = [_marked(_RULE, place, rule) for place, rule in enumerate(self._rules)]
        for place, rule in enumerate(self._rules):
            for how, other in edits(rule):
                mark = "" if other is None else _marked(_EDIT, len(self.edits), other)
                if _is_safe(mark):
                    marks.append(mark)
                    self.edits.append(Edit(rule.location.begin.line, f"{' '.join(str(rule).split())} [{how}]"))
                    self._edited.append(place)
        self._space = Space(ground("\n".join([search.policy.text, *marks]), search.room))
        space = self._space
        outcomes = [space.literal(("recommend", outcome)) for outcome in RECOMMENDATIONS]
        self._outcomes = [literal for literal in outcomes if literal != -space.true]
        self._variants = Variants(space, [*self._outcomes, space.literal("documented")])
        self._spaces = usual_spaces(search, space, self._variants)
        self._known = space.below([*self._outcomes, space.literal("documented")])
        self._by_rule, self._by_edit = self._marks(_RULE), self._marks(_EDIT)
        self._places: dict[Term, list[int]] = {}
        for place, heads in self._by_rule.items():
            for head in heads:
                self._places.setdefault(head, []).append(place)

    def _marks(self, name: str) -> dict[int, dict[Term, int]]:
        """Return what each rule or edit concludes, with the literals of its marks."""
        found: dict[int, dict[Term, int]] = {}
        for term, literal in self._space.terms(name).items():
            assert isinstance(term, tuple) and isinstance(term[1], int)
            found.setdefault(term[1], {})[term[2]] = literal
        return found

    def find(self, number: int, deadline: float | None, conflicts: int | None = None) -> World | None:
        """Return a record, as usual as can be, that is recommended otherwise under the edit of that number, or None.

        Raises SearchTimeoutError after `deadline`, a moment of `time.monotonic`, and SearchLimitError after so many
        `conflicts`.
        """
        instead = self._instead(number)
        if not instead:
            return None
        space = next(self._spaces)
        variant = self._variants.of(space, (), instead)
        if all(variant.literal(literal) == literal for literal in self._outcomes):
            return None
        differs = [space.all_of([literal, -variant.literal(literal)]) for literal in self._outcomes]
        differs += [space.all_of([-literal, variant.literal(literal)]) for literal in self._outcomes]
        with space.bounded(deadline, conflicts):
            return space.find([variant.active, space.any_of(differs)], fewest=True)

    def _instead(self, number: int) -> list[Statement]:
        """Return the rules that stand in an edited policy for those of the conclusions of the edited rule."""
        space, rule = self._space, self._edited[number]
        before, after = self._by_rule.get(rule, {}), self._by_edit.get(number, {})
        # What only the edited rule concludes, no other rule was ground for.
        heads = {head: space.literal(head) for head in {**before, **after} if head in space.atoms}
        found: list[Statement] = []
        marks: list[int] = []
        for head, literal in heads.items():
            others = [self._by_rule[place][head] for place in self._places.get(head, ()) if place != rule]
            bodies = [*others, *([after[head]] if head in after else [])]
            found += [Statement(False, (literal,), 1, (mark,)) for mark in bodies]
            if not bodies:
                # Nothing concludes it any more.
                found.append(Statement(False, (literal,), 1, (-space.true,)))
            marks += bodies
        below = space.below(marks) - self._known
        return [*found, *(rule for rule in space.concluding(below) if rule.head)]


def _with_bodies(text: str) -> list[Any]:
    """Return the rules of a program that conclude one thing from others."""
    return [
        rule for rule in rules(text)
        if rule.body and rule.head.ast_type == clingo.ast.ASTType.Literal
        and rule.head.atom.ast_type == clingo.ast.ASTType.SymbolicAtom
    ]  # fmt: skip


def _head(rule: Any) -> str:
    """Return the predicate that a rule concludes."""
    return str(rule.head).partition("(")[0]


def _marked(name: str, number: int, rule: Any) -> str:
    """Return a rule that concludes the mark of what `rule` concludes."""
    head, _, body = str(rule).rstrip(".").partition(" :- ")
    return f"{name}({number},{head}) :- {body}." if body else f"{name}({number},{head})."


def _is_safe(rule: str) -> bool:
    """Tell whether every variable of a rule is bound; an edit that frees one makes no policy."""
    control = clingo.Control(logger=lambda code, text: None)
    try:
        control.add("base", [], rule)
        control.ground([("base", [])])
    except RuntimeError:
        return False
    return True
