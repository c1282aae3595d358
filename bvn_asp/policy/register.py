"""The policy: its text, and what it says of itself (clauses, limits, questions, wording)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from bvn_asp.errors import PolicyError, ReadingError
from bvn_asp.policy.program import Vocabulary, facts_of
from bvn_asp.policy.shape import Shape
from bvn_asp.policy.terms import Term, name_of


@dataclass(frozen=True)
class Clause:
    """One item of the document: its place there, the references it cites, and what it asks in our words.

    `template` is its label as the policy writes it, with places for its limits; in `label` they are filled in. `needs`
    is what a reviewer has to see for it: which document, or who can answer. `lay` says in lay words what it asks.
    """

    id: str
    kind: str
    section: str
    item: str
    label: str
    references: tuple[int, ...] = ()
    part_of: str | None = None
    template: str = ""
    needs: str = ""
    lay: str = ""

    @property
    def citation(self) -> str:
        """Section, item and references, as one line."""
        references = f" [{', '.join(map(str, self.references))}]" if self.references else ""
        return f"{self.section} {self.item}{references}"


@dataclass(frozen=True)
class Question:
    """A point that the document leaves open: options by name, the default, and why it is the default.

    `barren` are the options under which no request is ever approved.
    """

    id: str
    where: str
    text: str
    options: Mapping[str, str]
    default: str
    why: str
    barren: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Policy:
    """A policy program and its vocabulary.

    `thresholds` are whole numbers: a limit in its unit is threshold / scale. `tallies` are counts. `paragraphs` maps
    the fingerprint of each paragraph of the document to the clauses and sections that cover it. `assumable` are the
    facts, numbers and choices of which a record's silence says something.
    """

    scale: ClassVar[int] = 1_000_000

    text: str = field(repr=False)
    name: str
    version: str
    revised: str
    sha256: str
    clauses: Mapping[str, Clause] = field(repr=False)
    thresholds: Mapping[tuple[str, str], int] = field(repr=False)
    tallies: Mapping[str, int] = field(repr=False)
    units: Mapping[str, str] = field(repr=False)
    questions: Mapping[str, Question] = field(repr=False)
    wording: Mapping[str, str] = field(repr=False)
    located_kinds: frozenset[str] = field(repr=False)
    closable: frozenset[str] = field(repr=False)
    assumable: frozenset[Term] = field(repr=False)
    bodies_in_range: tuple[str, ...] = field(repr=False)
    unencoded: tuple[tuple[str, str, str], ...] = field(repr=False)
    text_defects: tuple[tuple[str, str], ...] = field(repr=False)
    paragraphs: Mapping[str, tuple[str, ...]] = field(repr=False)

    def readings(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Return `chosen` less the defaults; raise ReadingError for a question or option that is not offered."""
        for question, option in chosen.items():
            if question not in self.questions:
                raise ReadingError(f"there is no question {question!r}; questions: {', '.join(sorted(self.questions))}")
            options = self.questions[question].options
            if option not in options:
                raise ReadingError(f"question {question} has no option {option!r}; options: {', '.join(options)}")
        return {question: option for question, option in chosen.items() if option != self.questions[question].default}


CRITERIA = ("indication", "non_indication", "level")
"""Kinds of clause that can bar or refuse."""


VOCABULARY = {
    "policy": "sss", "clause": "ccsss", "source": "cn", "part": "cc", "threshold": "ccn", "tally": "cn",
    "measured_in": "cs", "question": "css", "option": "ccs", "default": "ccs", "wording": "ts", "located_kind": "c",
    "approves_nothing": "cc", "closable": "t", "assumable": "t", "needs": "cs", "lay": "cs", "in_range": "c",
    "unencoded": "sss", "text_defect": "ss", "paragraph": "ps",
}  # fmt: skip
"""What a policy says of itself: predicates, and what their arguments are, each by a letter.

c is a constant, n a whole number, p a constant or a string, s a string, t any term.
"""
_SAID_ONCE = {
    "clause": 1, "part": 1, "threshold": 2, "tally": 1, "measured_in": 1, "question": 1, "default": 1, "needs": 1,
    "lay": 1,
}  # fmt: skip
"""Of what a policy says one thing only: by how many of the first arguments it is told apart."""
KINDS = frozenset({"indication", "non_indication", "level", "lead_in", "definition", "code"})
"""Kinds of clause."""


def policy_of(text: str, name: str = "policy.lp", room: Shape | None = None) -> Policy:
    """Return the policy whose program is `text`, called `name` in messages; raise PolicyError if it is none.

    If the first case to decide needs `room`, its program is ground only once, here.
    """
    signatures = [(predicate, len(arguments)) for predicate, arguments in VOCABULARY.items()]
    facts = facts_of(text, tuple((room or Shape()).terms()), signatures, keep=room is not None)

    def rows(predicate: str) -> list[tuple[Term, ...]]:
        return facts[predicate]

    missing = [predicate for predicate in ("policy", "clause", "question", "wording") if not rows(predicate)]
    if missing:
        raise PolicyError(f"{name}: not a policy of this kind: no fact for {', '.join(missing)}")
    _check_said(facts, name)
    title, version, revised = map(str, rows("policy")[0])
    references: dict[str, list[int]] = {}
    for clause, number in rows("source"):
        references.setdefault(str(clause), []).append(int(str(number)))
    parts = {str(part): str(whole) for part, whole in rows("part")}
    needs, lay = ({str(clause): str(what) for clause, what in rows(name)} for name in ("needs", "lay"))
    thresholds = {(str(clause), str(quantity)): int(str(limit)) for clause, quantity, limit in rows("threshold")}
    tallies = {str(clause): int(str(limit)) for clause, limit in rows("tally")}
    units = {str(quantity): str(unit) for quantity, unit in rows("measured_in")}
    limits = _limits(thresholds, tallies, units)
    clauses = {
        str(id): Clause(
            str(id), str(kind), str(section), str(item), _filled(str(id), str(label), limits.get(str(id), {})),
            tuple(sorted(references.get(str(id), ()))), parts.get(str(id)), str(label), needs.get(str(id), ""),
            _filled(str(id), lay.get(str(id), ""), limits.get(str(id), {})),
        )
        for id, kind, section, item, label in rows("clause")
    }  # fmt: skip
    barren: dict[str, set[str]] = {}
    for question, option in rows("approves_nothing"):
        barren.setdefault(str(question), set()).add(str(option))
    paragraphs: dict[str, list[str]] = {}
    for covered_by, mark in sorted(rows("paragraph"), key=str):
        paragraphs.setdefault(str(mark), []).append(str(covered_by))
    defaults = {str(question): (str(option), str(why)) for question, option, why in rows("default")}
    options: dict[str, dict[str, str]] = {}
    for question, option, meaning in rows("option"):
        options.setdefault(str(question), {})[str(option)] = str(meaning)
    return Policy(
        text=text,
        name=title,
        version=version,
        revised=revised,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        clauses=dict(sorted(clauses.items(), key=lambda item: _natural(item[0]))),
        thresholds=thresholds,
        tallies=tallies,
        units=units,
        questions={
            str(id): Question(
                str(id), str(where), str(what), options[str(id)], *defaults[str(id)], frozenset(barren.get(str(id), ()))
            )
            for id, where, what in rows("question")
        },
        wording={name_of(word): str(words) for word, words in rows("wording")},
        located_kinds=frozenset(str(kind) for (kind,) in rows("located_kind")),
        closable=frozenset(name_of(fact) for (fact,) in rows("closable")),
        assumable=frozenset(subject for (subject,) in rows("assumable")),
        bodies_in_range=tuple(sorted(str(body).upper() for (body,) in rows("in_range"))),
        unencoded=tuple((str(section), str(item), str(why)) for section, item, why in rows("unencoded")),
        text_defects=tuple((str(place), str(what)) for place, what in rows("text_defect")),
        paragraphs={mark: tuple(covered_by) for mark, covered_by in paragraphs.items()},
    )


def _check_said(facts: Vocabulary, name: str) -> None:
    """Raise PolicyError where a policy says two things of one, speaks of what it does not declare, or of no kind."""
    for predicate, places in _SAID_ONCE.items():
        seen: set[tuple[Term, ...]] = set()
        for row in facts[predicate]:
            if row[:places] in seen:
                what = f"{predicate}({', '.join(map(str, row[:places]))}" if places else predicate
                raise PolicyError(f"{name}: more than one fact {what}{', ...)' if places else '(...)'}")
            seen.add(row[:places])
    clauses = {row[0]: row[1] for row in facts["clause"]}
    for id, kind in clauses.items():
        if kind not in KINDS:
            raise PolicyError(f"{name}: clause {id} is of the kind {kind}; kinds: {', '.join(sorted(KINDS))}")
    for part, whole in facts["part"]:
        if part not in clauses or whole not in clauses:
            raise PolicyError(f"{name}: part({part},{whole}) speaks of a clause that is not declared")
    options = {row[:2] for row in facts["option"]}
    for question, option, _ in facts["default"]:
        if (question, option) not in options:
            raise PolicyError(f"{name}: the default {option} of question {question} is none of its options")
    for question, option in facts["approves_nothing"]:
        if (question, option) not in options:
            raise PolicyError(f"{name}: approves_nothing names {option}, which is no option of question {question}")


def _limits(
    thresholds: Mapping[tuple[str, str], int], tallies: Mapping[str, int], units: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return what the places of a label stand for, by clause: its limits by quantity, its only limit, its count."""
    found: dict[str, dict[str, str]] = {}
    for (clause, quantity), limit in thresholds.items():
        value = (Decimal(limit) / Policy.scale).normalize()
        found.setdefault(clause, {})[quantity] = f"{value:f} {units.get(quantity, '')}".rstrip()
    for places in found.values():
        if len(places) == 1:
            places["limit"] = next(iter(places.values()))
    for clause, count in tallies.items():
        found.setdefault(clause, {})["count"] = str(count)
    return found


def _filled(clause: str, label: str, limits: Mapping[str, str]) -> str:
    """Return `label` with its limits in their places; raise PolicyError for a place that no limit fills."""

    def limit(place: re.Match[str]) -> str:
        if place[1] not in limits:
            raise PolicyError(f"the label of clause {clause} has a place {place[0]} that no limit of the clause fills")
        return limits[place[1]]

    return re.sub(r"\{(\w+)\}", limit, label)


def _natural(id: str) -> tuple[str, int, str]:
    match = re.fullmatch(r"([a-z]+)(\d+)(\w*)", id)
    return (match[1], int(match[2]), match[3]) if match else (id, 0, "")
