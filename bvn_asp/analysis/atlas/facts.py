"""Near misses of facts and choices: stated one way or another, or not stated at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bvn_asp.analysis.atlas.bench import PERHAPS_NEARER, Bench, Edge, Entry
from bvn_asp.analysis.space import SearchLimitError
from bvn_asp.decision.wording import words_of
from bvn_asp.policy.terms import FORMS, Term, name_of

if TYPE_CHECKING:
    from bvn_asp.analysis.atlas.contrast import Contrast


_REQUEST = (("yes", "request_made"), ("no", "request_made"))


def facts(bench: Bench) -> Iterator[Entry]:
    """Yield for every fact, and option of a choice, two records of which one states it and one something else.

    That something is requested is none of them: where nothing is, nothing is recommended.
    """
    groups: dict[Term, list[Term]] = {}
    for term in bench.search.space.inputs[0].values():
        if name_of(term) in ("yes", "no", "ruled_out") and term not in _REQUEST:
            groups.setdefault(bench.key(term), []).append(term)
    for key, terms in groups.items():
        if key not in bench.shown:
            yield _contrast(bench, "fact", terms)


def missing(bench: Bench) -> Iterator[Entry]:
    """Yield for everything that a record can state two records of which one leaves it open, and else nothing."""
    groups: dict[Term, list[Term]] = {}
    for term in bench.search.space.inputs[0].values():
        if isinstance(term, tuple) and term[0] in FORMS and name_of(term[1]) != "requested":
            groups.setdefault(bench.subject(term[1]), []).append(term)
    for terms in groups.values():
        yield _contrast(bench, "missing", terms)


def _contrast(bench: Bench, kind: str, terms: list[Term]) -> Entry:
    """Return the nearest two records that differ in the entry of `terms` alone."""
    subject = terms[0][1] if isinstance(terms[0], tuple) else terms[0]
    choice = terms[0][2] if isinstance(terms[0], tuple) and terms[0][0] == "ruled_out" and kind == "fact" else ""
    if isinstance(subject, tuple) and subject[0] in ("drug_class", "feature"):
        choice = subject[-1]
    words = words_of(bench.policy, subject, {}) + (f": {words_of(bench.policy, choice, {})}" if choice else "")
    edge = Edge(kind, "", words)
    found = Entry(edge, None, remark="no recommendation draws on it")
    by_topic: dict[Term, list[Term]] = {}
    for term in terms:
        assert isinstance(term, tuple)
        by_topic.setdefault(bench.search.about[term[1]], []).append(term)
    for topic, some in by_topic.items():
        if found.pair is None and bench.contrasts.uses(some):
            contrast = bench.contrasts.of(bench.twins.together(topic), open_records=kind == "missing")
            goal = contrast.opposed(some) if kind == "fact" else contrast.forgotten(some)
            found = bench.bounded(contrast.space, edge, partial(_apart, bench, edge, contrast, goal))
    return found


def _apart(bench: Bench, edge: Edge, contrast: Contrast, goal: list[int]) -> Entry:
    """Return the nearest pair, or any if the nearest takes too long."""
    nearest = True
    try:
        world = contrast.world(goal)
    except SearchLimitError:
        world, nearest = contrast.world(goal, fewest=False), False
    found = bench.entry(edge, world, "it changes nothing")
    return found if nearest or found.pair is None else replace(found, remark=PERHAPS_NEARER)
