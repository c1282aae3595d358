"""Variants: a second version of whatever in a space hangs on a few inputs, all else being the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bvn_asp.analysis.space import Space, World
from bvn_asp.policy.ground import Statement


class Variant(NamedTuple):
    """A second version of part of a space: atoms of the first to those of the second, and what makes it be there.

    `beside` holds the atoms that it draws on and has in common with the first.
    """

    version: Mapping[int, int]
    active: int
    beside: frozenset[int]

    def literal(self, literal: int) -> int:
        """Return what stands for `literal` in the second version."""
        atom = self.version.get(abs(literal), abs(literal))
        return atom if literal > 0 else -atom

    def world(self, space: Space, world: World) -> World:
        """Return a world of `space` as the second version has it."""
        inputs = frozenset(t for literal, t in space.inputs[0].items() if self.literal(literal) in world.true)
        true = frozenset(literal for literal in space.atoms.values() if self.literal(literal) in world.true)
        return World((inputs, *world.inputs[1:]), true, ())


MOST = 32
"""Most variants of one space: each makes searches in it slower."""


class Variants:
    """Makes variants of what `about` draws on, in spaces that are built like `space`."""

    def __init__(self, space: Space, about: Iterable[int]) -> None:
        self._space, self._about = space, tuple(about)
        self._statements = space.drawn_on(self._about)
        self._uses: dict[int, list[int]] = {}
        self._heads: dict[int, list[int]] = {}
        for place, (_, head, _, body) in enumerate(self._statements):
            for literal in body:
                self._uses.setdefault(abs(literal), []).append(place)
            for atom in head:
                self._heads.setdefault(atom, []).append(place)

    def spaces(self, fixed: Iterable[int], also: Iterable[int] = ()) -> Iterator[Space]:
        """Yield a space for every next variant, with room for what the variants are about, `fixed` and `also`."""
        kept = list(fixed)
        positive = (literal for literal in kept if literal > 0)
        program = self._space.drawn_on([*self._about, *also, *positive])
        while True:
            space = self._space.again(kept, program)
            for _ in range(MOST):
                yield space

    def of(self, space: Space, inputs: Iterable[int], instead: Sequence[Statement] = ()) -> Variant:
        """Add a second version of everything that hangs on `inputs`, there only where its `active` is assumed.

        In it, what a rule of `instead` concludes is concluded by these rules alone.
        """
        replaced = {atom for rule in instead for atom in rule.head}
        waiting = [*inputs, *replaced]
        changed, touched = set(waiting), set[int]()
        while waiting:
            for place in self._uses.get(waiting.pop(), ()):
                touched.add(place)
                new = [atom for atom in self._statements[place].head if atom not in changed]
                changed.update(new)
                waiting += new
        for atom in changed:
            touched.update(self._heads.get(atom, ()))
        for atom in replaced:
            touched.difference_update(self._heads.get(atom, ()))
        version = dict(zip(sorted(changed), space.fresh(len(changed)), strict=True))
        active = space.conditional(version.values())
        beside, added = set[int](), list[Statement]()
        for choice, head, least, body in (*(self._statements[place] for place in sorted(touched)), *instead):
            heads = tuple(version[atom] for atom in head if atom in version)
            if heads or not head:
                beside.update(abs(literal) for literal in body if head and abs(literal) not in changed)
                literals = tuple(_mapped(version, literal) for literal in body)
                if choice or not head:
                    # What is free, and what is forbidden, only concerns a version that is there.
                    whole = literals if least == len(literals) else (space.at_least(least, literals),)
                    added.append(Statement(choice, heads, len(whole) + 1, (*whole, active)))
                else:
                    added.append(Statement(choice, heads, least, literals))
        space.add(added)
        return Variant(version, active, frozenset(beside))


def _mapped(version: Mapping[int, int], literal: int) -> int:
    atom = version.get(abs(literal), abs(literal))
    return atom if literal > 0 else -atom
