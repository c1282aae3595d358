"""Audit of a policy: is it consistent, does each of its parts matter, and what do its readings do to it?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from bvn_asp.analysis.audit.change import changes
from bvn_asp.analysis.audit.exceptions import exceptions
from bvn_asp.analysis.audit.finding import AcceptedError, Audit, Finding, load_accepted, shipped_accepted
from bvn_asp.analysis.audit.form import form
from bvn_asp.analysis.audit.limits import limits
from bvn_asp.analysis.audit.reach import alone, lists, outcomes, sides
from bvn_asp.analysis.audit.readings import readings
from bvn_asp.analysis.audit.relations import relations
from bvn_asp.analysis.audit.study import Study
from bvn_asp.analysis.space import SearchTimeoutError
from bvn_asp.errors import CircleError, GroundingTimeError

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy

__all__ = ["CHECKS", "AcceptedError", "Audit", "Finding", "audit", "load_accepted", "shipped_accepted"]


def _text(study: Study) -> Iterator[Finding]:
    """Defects of the text that the policy itself registers; those of one place are numbered from the second on."""
    seen = Counter[str]()
    for place, what in study.policy.text_defects:
        seen[place] += 1
        further = (str(seen[place]),) if seen[place] > 1 else ()
        yield Finding("text", (place, *further), f"{place}: {what}.")


def _circle(error: CircleError) -> Finding:
    """The finding that a policy has no order: then a record need not have exactly one answer set."""
    return Finding(
        "circle", error.atoms,
        f"The rules go in a circle, so that a record can have several answers or none: {', '.join(error.atoms)}. "
        "No other check means anything before that is mended.",
    )  # fmt: skip


CHECKS: Mapping[str, Callable[[Study], Iterator[Finding]]] = {
    "form": form,
    "outcomes": outcomes,
    "sides": sides,
    "alone": alone,
    "relations": relations,
    "lists": lists,
    "exceptions": exceptions,
    "limits": limits,
    "changes": changes,
    "readings": readings,
    "text": _text,
}
"""What is checked, in this order: each means something only when those before it hold."""


def audit(
    policy: Policy,
    *,
    accepted: Mapping[str, str] | None = None,
    confirm: bool = False,
    limit: int | None = None,
    timeout: float | None = None,
    checks: Iterable[str] | None = None,
    progress: Callable[[str], None] = lambda check: None,
) -> Audit:
    """Audit `policy`; with `confirm`, a second engine makes every proof again.

    Only `checks` are made, if given. After `limit` findings or `timeout` seconds, at an interrupt, and for a policy
    whose rules go in a circle, the checks that are not done are named as unfinished. Raises PolicyError, and
    ExtraError for `confirm` without the extra `proof`.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    known = dict(accepted or {})
    wanted = CHECKS if checks is None else {name: CHECKS[name] for name in checks}
    try:
        study = Study(policy, confirm=confirm, deadline=deadline)
    except CircleError as error:
        return Audit(policy, (_circle(error),), {}, tuple(wanted), accepted=known)
    findings: list[Finding] = []
    checked: dict[str, int] = {}
    unfinished: list[str] = []
    interrupted = False
    for name, check in wanted.items():
        if unfinished:
            unfinished.append(name)
            continue
        progress(name)
        study.claims = 0
        try:
            for finding in check(study):
                findings.append(finding)
                if len(findings) == limit:
                    unfinished.append(name)
                    break
        except (SearchTimeoutError, GroundingTimeError):
            unfinished.append(name)
        except KeyboardInterrupt:
            interrupted = True
            unfinished.append(name)
        checked[name] = study.claims
    progress("")
    return Audit(policy, tuple(findings), checked, tuple(unfinished), interrupted, known)
