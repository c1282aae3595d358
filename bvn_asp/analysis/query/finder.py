"""Answers to queries: edge cases that fit one, how many there are, or a proof that there is none; and assertions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from bvn_asp.analysis.query.condition import Runs, runs_of
from bvn_asp.analysis.query.found import Found, Verdict
from bvn_asp.analysis.query.question import Question
from bvn_asp.analysis.query.text import Query, QueryError, read_query, vocabulary
from bvn_asp.analysis.search import Search
from bvn_asp.errors import ReadingError
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.policy.register import Policy

if TYPE_CHECKING:
    from bvn_asp.policy.shape import Shape
    from bvn_asp.policy.terms import Term

LIMIT, COUNT_LIMIT = 3, 1_000
"""Most answers shown, and most patterns counted, unless asked for otherwise."""
MOST_RUNS = 4
"""Most runs that one query may be about."""
MOST_SEARCHES, MOST_QUERIES = 8, 400
"""Most ground programs that are kept for later queries, and most queries that one of them answers."""


class Finder:
    """Answers queries under one policy; keeps the ground programs of earlier ones."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or shipped_policy()
        self._asked: dict[tuple[Shape, tuple[tuple[str, int], ...], int], int] = {}
        self._searches: dict[tuple[Shape, tuple[tuple[str, int], ...], int], Search] = {}

    def read(self, text: str | Query, readings: Mapping[str, str] | None = None) -> tuple[Query, Runs]:
        """Return a query and its runs; raise QueryError, or ReadingError if `readings` do not fit it."""
        query = text if isinstance(text, Query) else read_query(text, self.policy)
        base = dict(readings or {})
        self.policy.readings(base)
        for question, option in query.readings:
            if base.setdefault(question, option) != option:
                raise ReadingError(f"the query reads {question} as {option}, the run as {base[question]}")
        runs = runs_of(query.condition, self.policy, base)
        if len(runs) > MOST_RUNS:
            raise QueryError(query.text, 1, f"too many readings to compare: at most {MOST_RUNS} in one query")
        return query, runs

    def find(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = LIMIT,
        timeout: float | None = None, open_records: bool = False, confirm: bool = False,
    ) -> Found:  # fmt: skip
        """Return up to `limit` edge cases, or why there are none; see `search`. Interrupted, it returns what it has."""
        search = self.search(text, readings=readings, limit=limit, timeout=timeout, open_records=open_records,
                             confirm=confirm)  # fmt: skip
        found = next(search)
        for found in search:  # noqa: B007
            pass
        return found

    def search(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = LIMIT,
        timeout: float | None = None, open_records: bool = False, confirm: bool = False,
    ) -> Iterator[Found]:  # fmt: skip
        """Yield what is found so far: at the start, after each answer, and at the end.

        Each answer departs least from the unremarkable patient among those whose criteria, and bodies where the query
        speaks of them, have a pattern of statuses that no answer before it has. Records that leave something open
        are answers only if the query speaks of that, nothing else fits, or `open_records` are asked for. With
        `confirm`, a second engine checks the proof. Raises QueryError, ReadingError, ExtraError.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        query, runs = self.read(text, readings)
        question = Question(self.search_for(query, len(runs), deadline), query, runs, deadline)
        yield from question.guarded(question.find(limit, open_records=open_records, confirm=confirm))

    def count(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = COUNT_LIMIT,
        timeout: float | None = None, open_records: bool = False,
    ) -> Iterator[Found]:  # fmt: skip
        """Yield how many patterns of statuses fit, as they are found; arguments as of `search`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        query, runs = self.read(text, readings)
        question = Question(self.search_for(query, len(runs), deadline), query, runs, deadline)
        yield from question.guarded(question.count(limit, open_records=open_records))

    def prove(
        self, text: str | Query, *, readings: Mapping[str, str] | None = None, limit: int = 1,
        timeout: float | None = None, confirm: bool = False,
    ) -> Verdict:  # fmt: skip
        """Return whether an assertion holds of every record: a proof, or counterexamples; arguments as of `search`."""
        query, _ = self.read(text, readings)
        return Verdict(self.find(query.denial, readings=readings, limit=limit, timeout=timeout, confirm=confirm))

    def search_for(self, query: Query, runs: int, deadline: float | None = None) -> Search:
        """Return the search in which `query` can be asked, grounding it at the first call, a foreign policy in time."""
        key = query.room, query.limits(self.policy), runs
        self._asked[key] = self._asked.get(key, 0) + 1
        # Every query leaves its conditions in the space, so that a new one is due now and then.
        if self._asked[key] % MOST_QUERIES == 0:
            self._searches.pop(key, None)
        if key not in self._searches:
            while len(self._searches) >= MOST_SEARCHES:
                oldest = next(iter(self._searches))
                self._searches.pop(oldest)
                self._asked.pop(oldest, None)
            self._searches[key] = Search(self.policy, query.room, query.limits(self.policy), runs, deadline)
            _keep_to_what_records_hold(self._searches[key])
        # The one that was asked last goes last.
        self._searches[key] = self._searches.pop(key)
        return self._searches[key]


def _keep_to_what_records_hold(search: Search) -> None:
    """Exclude bounds beside further limits that no record can hold, or not at both moments of one record."""
    space, scale = search.space, search.policy.scale
    words = vocabulary(search.policy, search.room)
    further = {
        quantity for quantity, limits in search.limits.items() if len(limits) > len(_own(search.policy, quantity))
    }
    for form in ("from", "to"):
        values: dict[Term, dict[int, int]] = {}
        for term, literal in space.terms(form).items():
            if isinstance(term, tuple) and isinstance(term[2], int) and search.quantities[term[1]] in further:
                values.setdefault(term[1], {})[term[2]] = literal
        for number, literals in values.items():
            for value, literal in literals.items():
                if not words.can_hold(number, Decimal(value) / scale):
                    space.forbid([literal])
        for earlier, later in words.moments:
            limits = search.limits.get(search.quantities[earlier], [])
            for before, first in values.get(earlier, {}).items():
                for after, second in values.get(later, {}).items():
                    passed = [limit for limit in limits if before <= limit <= after]
                    if before != after and (len(passed) != 1 or passed[0] % scale):
                        # A completion can have any two days.
                        space.forbid([first, second, -space.literal("complete")])


def _own(policy: Policy, quantity: str) -> set[int]:
    return {limit for (_, measured), limit in policy.thresholds.items() if measured == quantity}
