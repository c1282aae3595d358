"""What the process of a trial does: it grounds a program within its bounds, and examines what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import Any

import clingo

from bvn_asp.errors import PolicyError
from bvn_asp.policy.forms import check_forms, vocabulary
from bvn_asp.policy.numbers import MOST
from bvn_asp.policy.rooms import check_rooms
from bvn_asp.policy.terms import Term, to_term

MOST_RULES, MOST_LITERALS = 300_000, 1_500_000
"""Most ground rules, and most literals in them: the shipped policy has 17,000 rules over all records."""
MOST_STEPS = 100
"""Longest chain of conclusions, each drawn from the one before: the shipped policy has 22; explaining goes by calls."""
_FURTHER_STEPS = 10
MOST_NESTED = 12
"""Deepest nesting of a ground term."""
_TOO_LARGE = 3


def examine(job: Mapping[str, Any]) -> None:
    """Do the `job` of a trial, and print what was found as lines of JSON, the last one counting."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (job["megabytes"] << 20,) * 2)
        # Whoever waits for it may be gone.
        resource.setrlimit(resource.RLIMIT_CPU, (int(job["seconds"]) + 1, int(job["seconds"]) + 3))
    try:
        if job["forms"]:
            check_forms(job["texts"][0], job["name"])
        print(json.dumps({"read": True}), flush=True)
        verdict = _ground(job)
    except PolicyError as error:
        verdict = {"refused": str(error)}
    except (MemoryError, RecursionError):
        os._exit(_TOO_LARGE)
    print(json.dumps(verdict), flush=True)
    # Nothing is left to do, and to take a large program apart takes long.
    os._exit(0)


class _Counter(clingo.Observer):
    """Keeps what each ground atom is concluded from, and ends the process where that is too much."""

    def __init__(self) -> None:
        self.below: dict[int, set[int]] = {}
        self.rules = self.literals = 0
        self.several = self.weighs = False

    def rule(self, choice: bool, head: Sequence[int], body: Sequence[int]) -> None:
        self.several = self.several or (not choice and len(head) > 1)
        self._count(head, body)

    def weight_rule(self, choice: bool, head: Sequence[int], lower_bound: int, body: Sequence[tuple[int, int]]) -> None:
        self.weighs = self.weighs or any(weight != 1 for _, weight in body)
        self._count(head, [literal for literal, _ in body])

    def _count(self, head: Sequence[int], body: Sequence[int]) -> None:
        self.rules += 1
        self.literals += len(head) + len(body)
        if self.rules > MOST_RULES or self.literals > MOST_LITERALS:
            os._exit(_TOO_LARGE)
        for atom in head:
            self.below.setdefault(atom, set()).update(map(abs, body))

    def steps(self) -> int:
        """Return the length of the longest chain of conclusions; raise CycleError if there is no end to one."""
        depth: dict[int, int] = {}
        for atom in TopologicalSorter(self.below).static_order():
            depth[atom] = 1 + max((depth[part] for part in self.below.get(atom, ())), default=0)
        return max(depth.values(), default=0)


def _ground(job: Mapping[str, Any]) -> dict[str, Any]:
    counter, name = _Counter(), job["name"]
    messages: list[str] = []
    control = clingo.Control(["--warn=none"], logger=lambda _, text: messages.append(text))
    control.register_observer(counter)
    try:
        control.add("base", [], "\n".join(job["facts"]))
        for text in job["texts"]:
            control.add("base", [], text)
        control.ground([(part, []) for part in job["parts"]])
    except RuntimeError:
        if not messages:
            os._exit(_TOO_LARGE)
        # They show when the program is ground in earnest.
        return {"fine": True}
    if counter.several:
        raise PolicyError(f"{name}: it leaves open which of several conclusions holds")
    if counter.weighs:
        raise PolicyError(f"{name}: it weighs conditions differently, which nothing here can explain")
    if job["forms"]:
        _check_described(control, job["described"], name)
        _check_clauses(control, name)
    _check_terms(control, name)
    _check_apart(control, name)
    steps = 0
    try:
        steps = counter.steps()
    except CycleError as error:
        if job["ordered"]:
            names = {atom.literal: str(atom.symbol) for atom in control.symbolic_atoms}
            return {"circle": list(dict.fromkeys(names[atom] for atom in error.args[1] if atom in names))}
    if job["forms"]:
        check_rooms(job["texts"][0], name, (atom.symbol for atom in control.symbolic_atoms))
    # What is built on a policy concludes a little more from it.
    if steps > MOST_STEPS + (0 if job["forms"] else _FURTHER_STEPS):
        raise PolicyError(
            f"{name}: it has a chain of {steps} conclusions, each drawn from the one before; at most {MOST_STEPS} "
            "can be explained"
        )
    return {"fine": True}


def _check_described(control: clingo.Control, described: Mapping[str, str], name: str) -> None:
    """Refuse what hangs on the record although it says what a record can state, and arguments of another kind."""
    for predicate, arity in sorted({*vocabulary(), *((name, len(kinds)) for name, kinds in described.items())}):
        for atom in control.symbolic_atoms.by_signature(predicate, arity):
            if not atom.is_fact:
                raise PolicyError(f"{name}: {atom.symbol} hangs on the record, and must be a fact of the policy")
            for kind, argument in zip(described.get(predicate, ""), atom.symbol.arguments, strict=False):
                if not _ARGUMENTS[kind][1](argument):
                    raise PolicyError(f"{name}: {argument} in {atom.symbol} must be {_ARGUMENTS[kind][0]}")


_ARGUMENTS: Mapping[str, tuple[str, Callable[[clingo.Symbol], bool]]] = {
    "c": ("a name such as i1", lambda one: one.type is clingo.SymbolType.Function and one.name.isidentifier()
          and not one.arguments and one.positive),
    "n": ("a whole number", lambda one: one.type is clingo.SymbolType.Number),
    "p": ("a name such as i1 or a text in quotation marks", lambda one: one.type is clingo.SymbolType.String
          or (one.type is clingo.SymbolType.Function and one.name.isidentifier() and not one.arguments)),
    "s": ("a text in quotation marks", lambda one: one.type is clingo.SymbolType.String),
    "t": ("a term", lambda one: one.type is clingo.SymbolType.Function and bool(one.name)),
}  # fmt: skip


def _check_clauses(control: clingo.Control, name: str) -> None:
    """Refuse what a decision is read from, and speaks of a clause that the policy does not declare."""
    atoms = control.symbolic_atoms
    declared = {atom.symbol.arguments[0] for atom in atoms.by_signature("clause", 5)}
    sides = ((side, 1, 0) for side in ("met", "unmet", "clear", "violated", "undetermined"))
    for predicate, arity, place in (("billing_unit", 2, 0), ("refusal", 2, 1), ("flag", 1, 0), *sides):
        for atom in atoms.by_signature(predicate, arity):
            if atom.symbol.arguments[place] not in declared:
                raise PolicyError(f"{name}: {atom.symbol} speaks of a clause that is not declared")


def _check_apart(control: clingo.Control, name: str) -> None:
    """Refuse conclusions that every reader would take for one: a text is read as the name that it holds."""
    read: dict[Term, clingo.Symbol] = {}
    for atom in control.symbolic_atoms:
        try:
            other = read.setdefault(to_term(atom.symbol), atom.symbol)
        except ValueError:
            raise PolicyError(f"{name}: {atom.symbol} has an argument that is no name, number or text") from None
        if other != atom.symbol:
            raise PolicyError(f"{name}: {other} and {atom.symbol} cannot be told apart; write the name without quotes")


def _check_terms(control: clingo.Control, name: str) -> None:
    level = [atom.symbol for atom in control.symbolic_atoms]
    for _ in range(MOST_NESTED):
        for one in level:
            if one.type is clingo.SymbolType.Number and abs(one.number) > MOST:
                raise PolicyError(
                    f"{name}: its rules conclude the number {one.number}; at most {MOST:,} can be handled"
                )
        level = [part for one in level if one.type is clingo.SymbolType.Function for part in one.arguments]
        if not level:
            return
    raise PolicyError(f"{name}: its rules nest terms more than {MOST_NESTED} deep")
