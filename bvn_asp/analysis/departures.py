"""Departures: in what one record differs from another, topic by topic, and what each states of a topic in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bvn_asp.analysis.records import STATED
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.terms import Term, name_of
from bvn_asp.record.statements import Range, text_of

if TYPE_CHECKING:
    from bvn_asp.analysis.search import Search
    from bvn_asp.decision.facts import Facts


@dataclass(frozen=True)
class Departure:
    """One way in which a record departs from the usual one: the field, what it is about, and what both state."""

    topic: Term
    field: str
    words: str
    now: str
    usual: str

    def __str__(self) -> str:
        return f"{self.words}: {self.now} (usually {self.usual})"


def differences(
    search: Search, stated: frozenset[Term], facts: Facts, usual: frozenset[Term], usual_facts: Facts
) -> tuple[Departure, ...]:
    """Return in what one record, as inputs and as facts, differs from another."""
    found: list[Departure] = []
    if facts.closed != usual_facts.closed:
        told = [("yes" if closed else "no") for closed in (facts.closed, usual_facts.closed)]
        found.append(Departure("record_complete", "record_complete", "record complete", *told))
    mine, others = _by_topic(search, stated), _by_topic(search, usual)
    for topic in sorted({*mine, *others}, key=search.places.__getitem__):
        if mine.get(topic) != others.get(topic):
            subjects = search.topics[topic]
            now = stated_words(search, mine.get(topic, set()), subjects, facts)
            before = stated_words(search, others.get(topic, set()), subjects, usual_facts)
            field = facts.fields.get(subjects[0], "")
            found.append(Departure(topic, field, words_of(search.policy, topic, facts.names), now, before))
    return tuple(found)


def _by_topic(search: Search, inputs: frozenset[Term]) -> dict[Term, set[Term]]:
    """Return what inputs state, by topic."""
    found: dict[Term, set[Term]] = {}
    for term in inputs:
        if isinstance(term, tuple) and term[0] in STATED and term[1] in search.about:
            found.setdefault(search.about[term[1]], set()).add(term)
    return found


def stated_words(search: Search, inputs: set[Term], subjects: list[Term], facts: Facts) -> str:
    """Return in words what `inputs` state of a topic."""
    if not inputs:
        assumable = any(("assumed", subject) in search.ground.atoms for subject in subjects)
        return "not known" if assumable else "not stated"
    if all(name_of(term) == "assumed" for term in inputs):
        return "not stated"
    place = next((subject for subject in subjects if name_of(subject) == "at"), None)
    if isinstance(place, tuple) and place[1] in facts.names:
        return facts.names[place[1]].removeprefix("at ")
    return _answers(search, inputs, subjects) or _values(search, inputs, facts)


def _answers(search: Search, inputs: set[Term], subjects: list[Term]) -> str:
    """Return in words what of a list of names is so; nothing if the topic is no such list."""
    terms = [term for term in sorted(inputs, key=str) if isinstance(term, tuple)]
    if any(t[0] == "yes" and name_of(t[1]) == "unmeasured" for t in terms):
        return "not measured"
    if len(subjects) > 1 and terms[-1][0] in ("yes", "no"):
        if inputs == {("yes", "request_made")}:
            return "not known"
        held = [t[1][-1] for t in terms if t[0] == "yes" and isinstance(t[1], tuple)]
        return ", ".join(sorted(words_of(search.policy, term, {}) for term in held)) or "none"
    return ""


def _left(search: Search, choice: Term, inputs: set[Term]) -> tuple[Term, ...]:
    """Return the options that `inputs` leave of a choice."""
    options = (term[2] for term in search.ground.atoms if isinstance(term, tuple) and term[:2] == ("choice", choice))
    return tuple(sorted((o for o in options if ("ruled_out", choice, o) not in inputs), key=str))


def _values(search: Search, inputs: set[Term], facts: Facts) -> str:
    """Return in words what a number, a choice or an answer is stated to be."""
    terms = [term for term in sorted(inputs, key=str) if isinstance(term, tuple)]
    texts: dict[str, str] = {}
    for term in terms:
        if term[0] in ("from", "to"):
            unit = search.policy.units.get(search.quantities[term[1]], "")
            moment = words_of(search.policy, term[1][-1], {}) if isinstance(term[1], tuple) else ""
            said = facts.said[term[1]].value if term[1] in facts.said else None
            number = said if isinstance(said, Range) else facts.numbers[term[1]]
            texts.setdefault(f"{text_of(number)} {unit}".strip(), moment)
        elif term[0] == "ruled_out":
            # What a choice must be, since something else is stated, no field says.
            stated = facts.said.get(term[1])
            left = stated.value if stated is not None else _left(search, term[1], inputs)
            assert isinstance(left, tuple)
            texts[" or ".join(words_of(search.policy, option, {}) for option in left)] = ""
        elif name_of(term[1]) != "unmeasured":
            texts[str(term[0])] = ""
    # One number that is another at each of two moments.
    return ", ".join(f"{text} {moment}" for text, moment in texts.items()) if len(texts) > 1 else "".join(texts)
