"""A decision in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bvn_asp.report.safe import safe

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision


def brief(decision: Decision, name: str) -> str:
    """Return `decision` in one line: file, recommendation, what fails, what is undetermined, bodies."""
    failing = [*decision.ids("unmet"), *decision.ids("violated")]
    parts = [
        f"{safe(name)}: {decision.recommendation or 'no request'} ({decision.eligibility.replace('_', ' ')})",
        f"fails {' '.join(failing)}" if failing else "",
        f"undetermined {' '.join(decision.ids('undetermined'))}" if decision.ids("undetermined") else "",
        ", ".join(f"{body.name} {body.status}" for body in decision.bodies if body.requested),
    ]
    return "; ".join(part for part in parts if part)
