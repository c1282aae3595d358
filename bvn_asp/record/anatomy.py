"""Names of vertebral bodies and discs, as the anatomy of the policy has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from graphlib import TopologicalSorter
from pathlib import Path

from bvn_asp.errors import refused

SOMEWHERE = "somewhere from L3 to S1"
"""A place that is known no nearer."""


def policy_path() -> Path:
    """Return where the policy program of the package lies."""
    package = Path(__file__).parent.parent
    inside = package / "policy.lp"
    # An editable install has no copy inside the package: there the file lies at the root of the repository.
    return inside if inside.exists() else package.parent / "policy.lp"


def _facts(name: str, arity: int) -> list[tuple[str, ...]]:
    """Return the arguments of the plain facts of a predicate, in capitals; a start has no time to ground them."""
    words = ",".join([r"(\w+)"] * arity)
    found = re.finditer(rf"(?:^|(?<=\. )){name}\({words}\)\.", _TEXT, re.MULTILINE)
    return [tuple(word.upper() for word in match.groups()) for match in found]


_TEXT = policy_path().read_text(encoding="utf-8")
NEIGHBOURS: tuple[tuple[str, str], ...] = tuple((upper, lower) for upper, lower in _facts("adjacent", 2))
"""Every two bodies with a disc between them, upper first, in any anatomy."""
OPTIONAL_BODIES: frozenset[str] = frozenset(body for (body,) in _facts("optional_body", 1))
"""Bodies that are there in some patients only."""
SPANNING: frozenset[tuple[str, str]] = frozenset((upper, lower) for upper, lower in _facts("spanning", 2))
"""Neighbours only in a patient without the body between; who names the disc says that it is not there."""
BODIES: tuple[str, ...] = tuple(
    TopologicalSorter({lower: [up for up, low in NEIGHBOURS if low == lower] for _, lower in NEIGHBOURS}).static_order()
)
"""Every vertebral body from the skull down."""

_NEIGHBOURS = frozenset(NEIGHBOURS)
_REGIONS = {region: [body for body in BODIES if body[0] == region] for region in dict.fromkeys(b[0] for b in BODIES)}
_RUNS = ", ".join(f"{bodies[0]}-{bodies[-1]}" for bodies in _REGIONS.values())
_DISC = re.compile(r"([A-Z][0-9]+)\s*[-/\u2013]\s*([A-Z]?)([0-9]+)")


def body_name(text: str) -> str:
    """Return the usual name of the body written as `text` ("l4" -> "L4"); raise ValueError if there is none."""
    name = text.strip().upper()
    if name not in BODIES:
        raise ValueError(f"expected a vertebral body, such as L4 or S1{refused(text)}; bodies run {_RUNS}")
    return name


def level_name(text: str) -> str:
    """Return the usual name of a body or disc ("l4/5" -> "L4-L5"); raise ValueError if there is none."""
    name = text.strip().upper()
    match = _DISC.fullmatch(name)
    if match is None:
        try:
            return body_name(name)
        except ValueError:
            raise ValueError(f"expected a body, such as L4, or a disc, such as L4-L5{refused(text)}") from None
    upper, lower = body_name(match[1]), body_name((match[2] or match[1][0]) + match[3])
    if (upper, lower) not in _NEIGHBOURS:
        raise ValueError(
            f"expected a disc between two neighbouring bodies, such as L4-L5{refused(text)}; name several levels as a"
            " list"
        )
    return f"{upper}-{lower}"


def bodies_of(level: str) -> tuple[str, ...]:
    """Return the body that `level` names, or the two that a disc touches, upper first."""
    return tuple(level.split("-"))


def discs_between(bodies: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of neighbours among `bodies`, upper first; in any anatomy if L6 is one: L4-S1, L5-L6, L5-S1."""
    known = _NEIGHBOURS if set(bodies) >= OPTIONAL_BODIES else _NEIGHBOURS - SPANNING
    return [(upper, lower) for upper in bodies for lower in bodies if (upper, lower) in known]


def lies_within(level: str, bodies: Collection[str]) -> bool:
    """Tell whether a run that looks at `bodies` looks at `level`; at somewhere it always does."""
    if level == SOMEWHERE:
        return True
    found = bodies_of(level)
    return set(found) <= set(bodies) and (found not in SPANNING or set(bodies) >= OPTIONAL_BODIES)


LEVELS: tuple[str, ...] = (*BODIES, *(f"{upper}-{lower}" for upper, lower in discs_between(BODIES)))
"""Every body, then every disc."""
SPANNING_DISCS: tuple[str, ...] = tuple(level for level in LEVELS if bodies_of(level) in SPANNING)
"""Discs that are there only in a patient without the body between."""
SPANNED: frozenset[str] = frozenset(
    body for upper, lower in SPANNING for body in BODIES[BODIES.index(upper) + 1 : BODIES.index(lower)]
)
"""The bodies between, L5 and L6."""
