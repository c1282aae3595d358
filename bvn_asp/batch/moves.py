"""Which moves between recommendations two versions of a policy allow, for some record, by their rules."""

from __future__ import annotations

from collections.abc import Callable

from bvn_asp.bands import representative
from bvn_asp.batch.compiled import compile_nodes
from bvn_asp.batch.decider import PEND
from bvn_asp.batch.kernel import FALSE, NOT, OR, TRUE, Nodes
from bvn_asp.batch.rows import Setting
from bvn_asp.decide import OUTCOMES, Engine
from bvn_asp.shape import Shape
from bvn_asp.solve import OpenProgram, reachable
from bvn_asp.terms import Term, arguments_of, name_of, subject_of

Move = tuple[str, str]
"""The recommendation before and after."""
_FORMS = {"yes": "answer", "no": "answer", "is": "choice", "value": "number", "selected": "anatomy"}


class _Search:
    """One search space for two versions: what a record states is shared, the rules of each are its own."""

    def __init__(self) -> None:
        self.atoms = 0
        self.stated: dict[tuple[str, Term], dict[Term, int]] = {}
        self.rules: list[tuple[int, list[int]]] = []

    def atom(self) -> int:
        self.atoms += 1
        return self.atoms

    def state(self, term: Term) -> int:
        """Return the atom of something that a record states."""
        form = name_of(term)
        group = self.stated.setdefault((_FORMS.get(form, form), subject_of(term)), {})
        if term not in group:
            group[term] = self.atom()
        return group[term]

    def nodes(self, nodes: Nodes, inputs: Callable[[Term], int]) -> dict[int, int]:
        """Add the rules of `nodes` and return the atom of each; negative for a node that is denied."""
        literals: dict[int, int] = {TRUE: self.atom(), FALSE: self.atom()}
        self.rules.append((literals[TRUE], []))
        for node, (kind, parts) in enumerate(nodes.made):
            if node in (TRUE, FALSE):
                continue
            if kind == "input":
                literals[node] = inputs(nodes.inputs[node])
            elif kind == NOT:
                literals[node] = -literals[parts[0]]
            else:
                literals[node] = head = self.atom()
                bodies = [[literals[part]] for part in parts] if kind == OR else [[literals[part] for part in parts]]
                self.rules += [(head, body) for body in bodies]
        return literals


def possible_moves(before: Setting, after: Setting) -> dict[Move, bool | None]:
    """Return for every move to another recommendation whether some record makes it; None if that is not known.

    Records of the usual shape: bodies from L3 to S1, one finding of each kind, one surgery, one Modic change.
    """
    shape, search = Shape(), _Search()
    programs = [Engine(setting.policy).program(shape) for setting in (before, after)]
    sides: list[dict[str, int]] = []
    for setting, program in zip((before, after), programs, strict=True):
        nodes, outputs, _ = compile_nodes(setting.policy, program, shape, setting.readings, closed=False, whole=False)
        literals = search.nodes(nodes, _inputs(search, setting, program, (before, after)))
        side = {outcome: literals[outputs["recommend", outcome]] for outcome in OUTCOMES}
        requests = [search.state(("yes", ("requested", body.lower()))) for body in shape.bodies]
        side[PEND] = search.atom()
        asked = search.atom()
        search.rules += [(asked, [request]) for request in requests]
        search.rules.append((side[PEND], [asked, *(-literal for literal in side.values() if literal != side[PEND])]))
        sides.append(side)
    for body in shape.bodies:
        search.state(("no", ("requested", body.lower())))
    moves = [(one, other) for one in sides[0] for other in sides[1] if one != other]
    goals = [search.atom() for _ in moves]
    search.rules += [(goal, [sides[0][one], sides[1][other]]) for goal, (one, other) in zip(goals, moves, strict=True)]
    groups = [
        (list(group.values()), int(name_of(subject) == "requested")) for (_, subject), group in search.stated.items()
    ]
    return dict(zip(moves, reachable(groups, search.rules, goals), strict=True))


def _inputs(
    search: _Search, setting: Setting, program: OpenProgram, both: tuple[Setting, Setting]
) -> Callable[[Term], int]:
    """Return what finds the atom of an input; a number has bands fine enough for both versions."""

    def found(term: Term) -> int:
        if name_of(term) != "value":
            return search.state(term)
        subject, value = arguments_of(term)
        quantity = program.quantities[subject]
        joint = sorted({limit for each in both for limit in each.limits.get(quantity, [])})
        own = setting.limits[quantity]
        band = search.atom()
        for limit in joint:
            for exact in (limit - 1, limit, limit + 1):
                atom = search.state(("value", subject, representative(exact, joint)))
                if representative(exact, own) == value:
                    search.rules.append((band, [atom]))
        return band

    return found
