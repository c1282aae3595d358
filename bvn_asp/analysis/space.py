"""The space of all records: ground programs side by side, to be searched or proved empty.

An answer is a world in which all that was asked for holds, or which of it is enough to contradict itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import clingo

from bvn_asp.analysis.sides import Sides
from bvn_asp.errors import SolveError
from bvn_asp.policy.shape import CORE_BODIES

if TYPE_CHECKING:
    from bvn_asp.analysis.records import Ground
    from bvn_asp.policy.ground import Statement
    from bvn_asp.policy.terms import Term

_OPTIONS = ["--warn=none", "--opt-strategy=usc", "--opt-mode=ignore", "--enum-mode=record"]
_QUICK = ["--heuristic=Berkmin"]
"""What makes most searches for any world quicker, but some for the one that departs least far slower."""


class World(NamedTuple):
    """One answer: the inputs that hold on each side, what holds of what is shown, and the topics of departures.

    `true` has the literals of inputs, of departures and of the predicates that an answer set shows.
    """

    inputs: tuple[frozenset[Term], ...]
    true: frozenset[int]
    departures: tuple[Term, ...]


class Attempt(NamedTuple):
    """What a search for a world found: what `held` in it of what was asked, or a `core` of the assumptions.

    The one is None where the other is not. The assumptions of a core are enough to contradict each other.
    """

    held: frozenset[int] | None
    core: frozenset[int] | None


class SearchTimeoutError(SolveError):
    """The time for a search is up; what was found until then stands, and nothing more is claimed."""


class SearchLimitError(SolveError):
    """A search met as many conflicts as it may; what was found until then stands, and nothing more is claimed."""


class Space(Sides):
    """Ground programs side by side, ready to be searched; `statements` is also what a second engine is given.

    `deadline` is a moment of `time.monotonic` after which a search gives up, or None, and `conflicts` the most that
    it may meet, or None: that bound is the same on every machine. Where both are None, a search gives up never.
    """

    def __init__(self, *sides: Ground, shared: Callable[[Term], bool] = lambda term: True) -> None:
        super().__init__(*sides, shared=shared)
        self.deadline: float | None = None
        self.conflicts: int | None = None
        self._start(())

    @contextmanager
    def bounded(self, deadline: float | None, conflicts: int | None) -> Iterator[None]:
        """Bound every search within, and none after it."""
        self.deadline, self.conflicts = deadline, conflicts
        try:
            yield
        finally:
            self.deadline = self.conflicts = None

    def _start(self, fixed: Collection[int]) -> None:
        """Begin to search, with `fixed` for good; what departs little, and lies at few places, is preferred."""
        self.control = clingo.Control([*_OPTIONS, *_QUICK] if fixed else _OPTIONS)
        self._solving: Any = self.control.configuration.solve
        self._told = 0
        places = self.places.items()
        with self.control.backend() as backend:
            backend.add_minimize(1, [(literal, 1) for literal in self.departures])
            backend.add_minimize(0, [(literal, 1 if _bodies(term) <= _NEAR else 2) for literal, term in places])
            for literal in fixed:
                backend.add_rule([], [-literal])

    def _tell(self) -> None:
        """Tell the control what was stated since it was told last."""
        if self._told < len(self.statements):
            with self.control.backend() as backend:
                for choice, head, bound, body in islice(self.statements, self._told, None):
                    if bound == len(body):
                        backend.add_rule(head, body, choice)
                    else:
                        backend.add_weight_rule(head, bound, [(literal, 1) for literal in body], choice)
            self._told = len(self.statements)

    def again(self, fixed: Iterable[int] = (), program: Sequence[Statement] | None = None) -> Space:
        """Return a space like this one as it was built, without what was joined or added since.

        In it `fixed` holds for good, which makes searches quicker; a premise among it can no longer be set aside.
        With `program`, only these of its statements are in it.
        """
        other, held = self._copy(), set(fixed)
        other.statements, other._joined, other._fresh = list(program or self.program), {}, count(self._size)
        if program is not None:
            atoms = {abs(atom) for _, head, _, body in program for part in (head, body) for atom in part}
            held = {literal for literal in held if literal > 0 or -literal in atoms}
            other.departures = {literal: topic for literal, topic in self.departures.items() if literal in atoms}
            other._varying = [atom for atom in self._varying if atom in atoms]
        other._guards = {premise: guard for premise, guard in self._guards.items() if -guard not in held}
        other._start(held)
        return other

    def follower(self, fixed: Iterable[int]) -> Space:
        """Return a space like `again`, that has all literals of this one, those that are joined later included."""
        other, held = self._copy(), set(fixed)
        other._guards = {premise: guard for premise, guard in self._guards.items() if -guard not in held}
        other._start(held)
        return other

    def _copy(self) -> Space:
        other = object.__new__(Space)
        other.__dict__.update(self.__dict__)
        other._inactive, other._conditional = set(), {}
        return other

    def prefer(self, priority: int, literals: Iterable[int]) -> None:
        """Prefer worlds in which few of `literals` hold; what departs has priority 1, and where things lie has 0."""
        with self.control.backend() as backend:
            backend.add_minimize(priority, [(literal, 1) for literal in literals])

    def find(self, assumptions: Iterable[int], *, fewest: bool = False) -> World | None:
        """Return a world in which all of `assumptions` hold, or None if there is none.

        With `fewest`, it is one that departs least from the usual record. Every premise holds. Raises
        SearchTimeoutError when the deadline passes.
        """
        with self._search(self._all_held(assumptions), "opt" if fewest else "ignore", 0 if fewest else 1) as handle:
            found: World | None = None
            while model := self._next(handle):
                found = self._world(model)
                if not fewest:
                    break
            return found

    def holding(self, assumptions: Iterable[int], asked: Iterable[int] = ()) -> frozenset[int] | None:
        """Return which of the literals `asked` hold in some world of `assumptions`, or None if there is no world.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        return self.attempt(self._all_held(assumptions), asked).held

    def least(self, assumptions: Iterable[int], asked: Iterable[int]) -> frozenset[int] | None:
        """Return which of the literals `asked` hold in the world of `assumptions` that is preferred, or None.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        asked, found = list(asked), None
        with self._search(self._all_held(assumptions), "opt", 0) as handle:
            while model := self._next(handle):
                found = frozenset(filter(model.is_true, asked))
        return found

    def attempt(self, assumptions: Iterable[int], asked: Iterable[int] = ()) -> Attempt:
        """Look for a world in which all of `assumptions` hold, and tell which of the literals `asked` hold in it.

        No premise holds but what `assumptions` hold. Raises SearchTimeoutError when the deadline passes.
        """
        with self._search(assumptions, "ignore", 1, short=True) as handle:
            model = self._next(handle)
            if model is None:
                return Attempt(None, frozenset(handle.core()))
            return Attempt(frozenset(literal for literal in asked if model.is_true(literal)), None)

    def reached(self, assumptions: Iterable[int], goals: Iterable[int]) -> set[int]:
        """Return which of the literals `goals`, each by itself, hold in some world of `assumptions`.

        Every premise holds. Raises SearchTimeoutError when the deadline passes.
        """
        found, left = set[int](), set(goals)
        with self._search(self._all_held(assumptions), "ignore", 0, short=True) as handle:
            while left and (model := self._next(handle)):
                found |= {literal for literal in left if model.is_true(literal)}
                left -= found
                model.context.add_clause(list(left))
        return found

    def patterns(self, assumptions: Iterable[int], literals: Iterable[int]) -> Iterator[World]:
        """Yield worlds in which all of `assumptions` hold, each pattern of `literals` once.

        Raises SearchTimeoutError when the deadline passes.
        """
        told = list(dict.fromkeys(map(abs, literals)))
        with self._search(self._all_held(assumptions), "ignore", 0) as handle:
            while model := self._next(handle):
                yield self._world(model)
                is_true = model.is_true
                model.context.add_clause([-literal if is_true(literal) else literal for literal in told])

    def _all_held(self, assumptions: Iterable[int]) -> list[int]:
        return [*assumptions, *(-guard for guard in self._guards.values())]

    def _search(self, assumptions: Iterable[int], mode: str, models: int, *, short: bool = False) -> clingo.SolveHandle:
        """Begin a search for so many models, in which every version that `assumptions` do not speak of is not there.

        One that is `short` is waited for in this thread, unless it can run out of time: that is quicker.
        """
        self._tell()
        self._solving.opt_mode, self._solving.models = mode, models
        self._solving.solve_limit = "umax" if self.conflicts is None else str(self.conflicts)
        assumed = list(assumptions)
        absent = self._inactive.difference(-literal for literal in assumed)
        self._waits = self.deadline is not None or not short
        return self.control.solve([*assumed, *absent], yield_=True, async_=self._waits)

    def _next(self, handle: clingo.SolveHandle) -> clingo.Model | None:
        handle.resume()
        # Short waits, so that an interrupt from the keyboard is seen between two of them.
        try:
            self.check_time()
            while self._waits and not handle.wait(0.05):
                self.check_time()
        except SearchTimeoutError:
            handle.cancel()
            raise
        model = handle.model()
        if model is None and self.conflicts is not None and not handle.get().exhausted:
            raise SearchLimitError(f"the search met {self.conflicts} conflicts")
        return model

    def check_time(self) -> None:
        """Raise SearchTimeoutError when the deadline has passed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise SearchTimeoutError("the time for the search is up")

    def _world(self, model: clingo.Model) -> World:
        is_true = model.is_true
        there = (atom for active, atoms in self._conditional.items() if is_true(active) for atom in atoms)
        true = self._always.union(filter(is_true, (*self._varying, *there)))
        return World(
            tuple(frozenset(term for literal, term in inputs.items() if literal in true) for inputs in self.inputs),
            true,
            tuple(term for literal, term in self.departures.items() if literal in true),
        )


_NEAR = frozenset(body.lower() for body in CORE_BODIES)


def _bodies(term: Term) -> set[str]:
    """Return the bodies that a `spread` names."""
    place = term[2] if isinstance(term, tuple) else term
    return set(map(str, place[1:])) if isinstance(place, tuple) else {str(place)}
