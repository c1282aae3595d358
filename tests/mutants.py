"""Mutants of a policy: one comparison flipped, one condition dropped, or one rule dropped, and what notices them.

Run as a program, it reports how many mutants the cases of `cases/` kill, and names the survivors with a proof that
they decide every record alike, or with a record on which they do not:

    python -m tests.mutants
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import clingo
from clingo import ast

from bvn_asp.case import Case, Expectation
from bvn_asp.decide import SIDES, Engine
from bvn_asp.errors import BvnError
from bvn_asp.facts import facts_for
from bvn_asp.files import load_case
from bvn_asp.policy import Policy, policy_of, shipped_policy
from bvn_asp.shape import WIDE_BODIES, Shape
from bvn_asp.solve import INPUTS, OPEN_INPUTS
from bvn_asp.terms import Term, to_symbol

CASES = Path(__file__).parent.parent / "cases"
PROSE = frozenset(
    ("policy", "clause", "source", "part", "question", "option", "default", "wording", "unencoded", "text_defect",
     "measured_in", "definition")
)  # fmt: skip
"""Facts that word or cite the policy and decide nothing."""
_FLIPPED = {
    ast.ComparisonOperator.GreaterEqual: ast.ComparisonOperator.GreaterThan,
    ast.ComparisonOperator.GreaterThan: ast.ComparisonOperator.GreaterEqual,
    ast.ComparisonOperator.LessEqual: ast.ComparisonOperator.LessThan,
    ast.ComparisonOperator.LessThan: ast.ComparisonOperator.LessEqual,
    ast.ComparisonOperator.Equal: ast.ComparisonOperator.NotEqual,
    ast.ComparisonOperator.NotEqual: ast.ComparisonOperator.Equal,
}


@dataclass(frozen=True)
class Mutant:
    """An edited policy: `name` says which rule (line and text) was edited, and how."""

    name: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Yield every mutant of the program `text` that is still a safe program."""
    lines = text.splitlines()
    for rule in _rules(text):
        begin, end = rule.location.begin, rule.location.end
        for how, changed in _edits(rule):
            edited = lines.copy()
            after = lines[end.line - 1][end.column - 1 :]
            edited[begin.line - 1 : end.line] = [""] * (end.line - begin.line + 1)
            edited[begin.line - 1] = lines[begin.line - 1][: begin.column - 1] + changed + after
            yield Mutant(f"{begin.line}: {rule!s} [{how}]", "\n".join(edited) + "\n")


def _rules(text: str) -> list[Any]:
    found: list[Any] = []
    ast.parse_string(text, lambda node: found.append(node) if node.ast_type == ast.ASTType.Rule else None)
    return [rule for rule in found if rule.body or _name(rule.head) not in PROSE]


def _name(head: Any) -> str:
    return str(head).partition("(")[0]


def _edits(rule: Any) -> Iterator[tuple[str, str]]:
    yield "rule dropped", ""
    body = list(rule.body)
    for place, literal in enumerate(body):
        rest = [*body[:place], *body[place + 1 :]]
        yield f"without {literal}", str(rule.update(body=rest))
        for how, flipped in _flips(literal):
            yield how, str(rule.update(body=[*body[:place], flipped, *body[place + 1 :]]))


def _flips(literal: Any) -> Iterator[tuple[str, Any]]:
    atom = getattr(literal, "atom", None)
    if atom is None:
        return
    if atom.ast_type == ast.ASTType.Comparison:
        guard = atom.guards[0]
        if guard.comparison in _FLIPPED:
            changed = atom.update(guards=[guard.update(comparison=_FLIPPED[guard.comparison])])
            yield f"{literal} flipped", literal.update(atom=changed)
    if atom.ast_type == ast.ASTType.BodyAggregate and atom.left_guard is not None:
        guard = atom.left_guard
        if guard.comparison in _FLIPPED and guard.comparison != ast.ComparisonOperator.Equal:
            changed = atom.update(left_guard=guard.update(comparison=_FLIPPED[guard.comparison]))
            yield f"{literal} flipped", literal.update(atom=changed)


@cache
def expected() -> tuple[tuple[str, Case, Expectation], ...]:
    """Return every case of `cases/` with each of its expected answers, those with readings last."""
    found = [(p.name, case, e) for p in sorted(CASES.glob("*.yaml")) for case in [load_case(p)] for e in case.expected]
    return tuple(sorted(found, key=lambda item: bool(item[2].readings)))


def killed_by(mutant: Mutant, suite: Sequence[tuple[str, Case, Expectation]] | None = None) -> str | None:
    """Return what notices `mutant` first: a case, or that the program is refused; None if nothing does."""
    try:
        policy = policy_of(mutant.text, mutant.name)
        engine = Engine(policy)
        for name, case, expectation in suite or expected():
            if not holds(engine, policy, case, expectation):
                return name
    except BvnError as error:
        return f"refused: {str(error).splitlines()[0]}"
    return None


def holds(engine: Engine, policy: Policy, case: Case, expectation: Expectation) -> bool:
    """Tell whether the answer set on `case` is as expected, without explaining it."""
    readings = policy.readings(expectation.readings)
    facts = facts_for(case, policy, readings, assume_absent=expectation.assume_absent)
    program = engine.program(facts.shape)
    shown = program.statuses(program.assume(engine.assumed(program, facts)))
    asked = any(isinstance(term, tuple) and term[0] == "recommend" for term in shown)
    return asked == bool(case.request.bodies) and _one_each(shown, policy) and _agrees(expectation, shown, policy)


def _one_each(shown: frozenset[Term], policy: Policy) -> bool:
    """Tell whether every criterion has exactly one status, of its own kind, and no body more than one."""
    bodies = [
        term[1]
        for term in shown
        if isinstance(term, tuple) and term[0] in ("permissible", "refused", "body_undetermined")
    ]
    if len(set(bodies)) < len(bodies):
        return False
    statuses = {name for sides in SIDES.values() for name in (*sides, "undetermined")}
    found = [term for term in shown if isinstance(term, tuple) and term[0] in statuses]
    criteria = {clause.id: SIDES[clause.kind] for clause in policy.clauses.values() if clause.kind in SIDES}
    return sorted(str(term[1]) for term in found) == sorted(criteria) and all(
        term[0] in (*criteria[str(term[1])], "undetermined") for term in found
    )


def _agrees(wanted: Expectation, shown: frozenset[Term], policy: Policy) -> bool:
    def having(name: str) -> set[str]:
        return {str(term[1]) for term in shown if isinstance(term, tuple) and term[0] == name}

    def whole(ids: set[str]) -> set[str]:
        return {id for id in ids if policy.clauses[id].part_of is None}

    checks = [
        all((status, id) in shown for id, status in wanted.statuses.items()),
        wanted.flags is None or having("flag") == set(wanted.flags),
        wanted.recommendation is None or having("recommend") == {wanted.recommendation},
        wanted.eligibility is None
        or (wanted.eligibility if wanted.eligibility != "undetermined" else "eligibility_undetermined") in shown,
        *(
            getattr(wanted, status) is None or set(getattr(wanted, status)) == whole(having(status))
            for status in ("unmet", "violated", "undetermined")
        ),
        wanted.bodies is None
        or all(
            body.lower() in having("body_undetermined" if status == "undetermined" else status)
            for body, status in wanted.bodies.items()
        ),
    ]
    if wanted.units is not None:
        counts: dict[str, int] = {}
        for term in shown:
            if isinstance(term, tuple) and term[0] == "billing_unit":
                code = policy.clauses[str(term[1])].item
                counts[code] = counts.get(code, 0) + 1
        checks.append(counts == wanted.units)
    return all(checks)


def difference(original: str, changed: str) -> list[str] | None:
    """Return inputs on which two programs show different statuses, or None if no input tells them apart.

    Both are ground together over the same open inputs, unstated ones included, so None is a proof for every record
    with at most one finding of a kind, one surgery and two Modic findings on T12 to S1, under every reading. A record
    states details only of what it states to be there, and a request names each body or does not.
    """
    control = clingo.Control(["--warn=none"], logger=lambda *_: None)
    room = Shape(bodies=WIDE_BODIES, modic=2)
    facts = "".join(f"{to_symbol(term)}." for term in room.terms())
    renamed = "\n".join(str(_rename(node)) for node in _statements(changed))
    compared = "".join(
        f"differs({name}({arguments})) :- {name}({arguments}), not other_{name}({arguments}). "
        f"differs({name}({arguments})) :- not {name}({arguments}), other_{name}({arguments}). "
        for name, arguments in (
            ("met", "X"), ("unmet", "X"), ("violated", "X"), ("clear", "X"), ("recommend", "X"), ("flag", "X"),
            ("permissible", "X"), ("refused", "X"), ("billing_unit", "X,Y"),
        )
    )  # fmt: skip
    compared += "".join(
        f"differs({name}) :- {name}, not other_{name}. differs({name}) :- not {name}, other_{name}. "
        for name in ("eligible", "not_eligible")
    )
    open_inputs = OPEN_INPUTS.partition("#program search.")[0]
    control.add(
        "base",
        [],
        f"{original}\n{open_inputs}\n{facts}\n{renamed}\n{compared}\n{_RECORDS}\n:- not differs(_). #show differs/1.",
    )
    control.ground([("base", [])])
    with control.solve(yield_=True) as handle:
        for model in handle:
            shown = [str(symbol) for symbol in model.symbols(shown=True) if symbol.name == "differs"]
            inputs = [
                str(symbol) for symbol in model.symbols(atoms=True) if symbol.name in _KEPT and symbol.name not in _ROOM
            ]
            return [*shown, *inputs]
    return None


_RECORDS = """
there(X) :- yes(present(X)).
there(X) :- yes(modic_present(X)).
detail(F,X) :- fact(F,X), F != likely_source(X), F != complicates(X).
:- detail(F,X), yes(F), not there(X).
:- detail(F,X), no(F), not there(X).
:- fact(F,X), yes(F), not there(X).
:- fact(F,X), no(F), no(present(X)).
:- value((size(X);slip(X);time_since(X)),_), not there(X).
:- is((shape(X);modic_type(X);surgery_kind(X);radicular_outcome(X)),_), not there(X).
:- yes((ablation_completed(B);ablation_thermal(B))), not yes(ablated(B)).
:- no((ablation_completed(B);ablation_thermal(B))), not yes(ablated(B)).
:- considered(B), not yes(requested(B)), not no(requested(B)).
:- assumed_absent(F), yes(F).
:- assumed_absent(F), no(F).
:- assumed_absent(F), value(F,_).
:- assumed_absent(F), is(F,_).
"""
_ROOM = {"considered", "finding", "surgery", "modic"}
_KEPT = {name for name, _ in INPUTS} | _ROOM


def _statements(text: str) -> list[Any]:
    found: list[Any] = []
    kinds = (ast.ASTType.Rule, ast.ASTType.Definition)
    ast.parse_string(text, lambda node: found.append(node) if node.ast_type in kinds else None)
    return [node for node in found if node.ast_type == ast.ASTType.Rule]


class _Renamer(ast.Transformer):
    def visit_SymbolicAtom(self, node: Any) -> Any:  # noqa: N802
        return node.update(symbol=_other(node.symbol))


def _other(symbol: Any) -> Any:
    if symbol.ast_type == ast.ASTType.Pool:
        return symbol.update(arguments=[_other(argument) for argument in symbol.arguments])
    return symbol if symbol.name in _KEPT else symbol.update(name=f"other_{symbol.name}")


def _rename(node: Any) -> Any:
    return _Renamer()(node)


class Verdict(NamedTuple):
    """What became of a mutant: `killed` by a case or refused, `equivalent` by proof, or `alive` with a difference."""

    name: str
    outcome: str
    detail: str


def judge(mutant: Mutant) -> Verdict:
    """Try the cases on `mutant`, then a proof that it decides every record like the policy."""
    notice = killed_by(mutant)
    if notice is not None:
        return Verdict(mutant.name, "killed", notice)
    found = difference(shipped_policy().text, mutant.text)
    return (
        Verdict(mutant.name, "equivalent", "") if found is None else Verdict(mutant.name, "alive", " ".join(found[:6]))
    )


def survey(text: str, workers: int = 2) -> list[Verdict]:
    """Judge every mutant of `text`."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(judge, mutants(text), chunksize=4))


if __name__ == "__main__":
    verdicts = survey(shipped_policy().text)
    for verdict in verdicts:
        if verdict.outcome != "killed":
            sys.stdout.write(f"{verdict.outcome}: {verdict.name} {verdict.detail}\n")
    for outcome in ("killed", "equivalent", "alive"):
        sys.stdout.write(f"{outcome}: {sum(verdict.outcome == outcome for verdict in verdicts)}\n")
