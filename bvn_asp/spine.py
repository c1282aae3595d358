"""Names of vertebral bodies and discs: anatomy, not policy."""

from __future__ import annotations

import re

BODIES: tuple[str, ...] = (
    *(f"C{number}" for number in range(1, 8)),
    *(f"T{number}" for number in range(1, 13)),
    *(f"L{number}" for number in range(1, 7)),
    *(f"S{number}" for number in range(1, 6)),
)
"""Every vertebral body from the skull down; L6 is there in some patients only."""

_ORDER = {body: index for index, body in enumerate(BODIES)}
_BODY = re.compile(r"([CTLS])([1-9][0-9]?)")
_DISC = re.compile(r"([CTLS][1-9][0-9]?)\s*[-/\u2013]\s*([CTLS]?)([1-9][0-9]?)")


def body_name(text: str) -> str:
    """Return the usual name of the body written as `text` ("l4" -> "L4"); raise ValueError if there is none."""
    name = text.strip().upper()
    if _BODY.fullmatch(name) is None or name not in _ORDER:
        raise ValueError("expected a vertebral body, such as L4 or S1; bodies run C1-C7, T1-T12, L1-L6, S1-S5")
    return name


def level_name(text: str) -> str:
    """Return the usual name of a body or disc ("l4/5" -> "L4-L5"); raise ValueError if there is none."""
    name = text.strip().upper()
    match = _DISC.fullmatch(name)
    if match is None:
        try:
            return body_name(name)
        except ValueError:
            raise ValueError("expected a body, such as L4, or a disc, such as L4-L5") from None
    upper, lower = body_name(match[1]), body_name((match[2] or match[1][0]) + match[3])
    if not _joined(upper, lower):
        raise ValueError(
            "expected a disc between two neighbouring bodies, such as L4-L5; name several levels as a list"
        )
    return f"{upper}-{lower}"


def bodies_of(level: str) -> tuple[str, ...]:
    """Return the body that `level` names, or the two that a disc touches, upper first."""
    return tuple(level.split("-"))


def _joined(upper: str, lower: str) -> bool:
    return _ORDER[lower] == _ORDER[upper] + 1 or (upper, lower) == ("L5", "S1")


def discs_between(bodies: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of neighbours among `bodies`, upper first; both L5-L6 and L5-S1 if L6 is among them."""
    return [(upper, lower) for upper in bodies for lower in bodies if _joined(upper, lower)]
