"""A policy program ground on trial, in a process of its own: clingo's grounder knows no bound and cannot be stopped.

What a command is about to ground is ground here first, so that the command itself only grounds what is small enough,
what has exactly one answer set for every input, and what its other parts can follow.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bvn_asp.errors import CircleError, GroundingTimeError, PolicyError
from bvn_asp.policy.examination import MOST_RULES
from bvn_asp.policy.terms import Term, to_symbol

SECONDS, MEGABYTES = 30.0, 700
"""Most time and memory that grounding may take: the shipped policy takes a tenth of a second and 50 MB."""
_PATIENCE = 10
"""How many times as long it may take by the clock."""
_MOST_KEPT = 256
_passed: dict[bytes, None] = {}
"""Digests of the last jobs that were done within bounds: a command reads a policy, and grounds it, several times."""
# The package is given by its folder alone: to import all of it would take longer than the trial.
_CHILD = """
import json, sys, types
job = json.load(sys.stdin)
sys.path[:] = job["path"]
package = sys.modules["bvn_asp"] = types.ModuleType("bvn_asp")
package.__path__ = [job["package"]]
from bvn_asp.policy.examination import examine
examine(job)
"""


def check_bounded(
    texts: Sequence[str], facts: Iterable[Term], name: str, *, parts: Sequence[str] = ("base",),
    described: Mapping[str, str] | None = None, forms: bool = False, ordered: bool = True,
    seconds: float | None = None,
) -> None:  # fmt: skip
    """Raise PolicyError unless the programs `texts` can be ground with `facts` in bounded time, memory and depth.

    With `forms`, the first of them, called `name`, must also be of the forms that a policy may have, and what it says
    of records and of itself must be facts; `described` has the kinds of arguments of the latter, as `VOCABULARY`.
    Raises CircleError for rules in a circle, unless they need not be `ordered`, and GroundingTimeError if `seconds`,
    fewer than it would be given otherwise, do not suffice.
    """
    # The bound is of its own work, since a busy machine is no fault of a policy; a command has its time by the clock.
    bound = SECONDS if seconds is None else min(seconds, SECONDS)
    clock = SECONDS * _PATIENCE if seconds is None else bound
    asked = {
        "texts": list(texts), "facts": [f"{to_symbol(fact)}." for fact in facts], "name": name,
        "parts": list(parts), "described": described or {}, "forms": forms, "ordered": ordered, "megabytes": MEGABYTES,
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(asked).encode()).digest()
    if digest in _passed:
        return
    job = {**asked, "path": sys.path, "package": str(Path(__file__).parent.parent), "seconds": bound}
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD], input=json.dumps(job).encode(), timeout=clock, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        if seconds is not None and seconds < SECONDS:
            raise GroundingTimeError(f"{name}: its rules cannot be written out in the time for the search") from None
        raise PolicyError(_refusal(name, f"within {clock:g} seconds")) from None
    except OSError as error:
        raise PolicyError(f"{name}: cannot be ground on trial: {error.strerror or error}") from None
    verdict = _verdict(ended.stdout)
    if "circle" in verdict:
        raise CircleError(tuple(verdict["circle"]))
    if "refused" in verdict:
        raise PolicyError(verdict["refused"])
    if ended.returncode == 0 and "fine" in verdict:
        _remember(digest)
        return
    if ended.returncode < 0 and -ended.returncode == getattr(signal, "SIGXCPU", 0):
        raise PolicyError(_refusal(name, f"within {bound:g} seconds"))
    if forms and not verdict:
        raise PolicyError(f"{name}: clingo cannot read it, and says no more than that")
    raise PolicyError(_refusal(name, f"in {MEGABYTES} MB of memory and {MOST_RULES:,} rules"))


def _remember(digest: bytes) -> None:
    _passed[digest] = None
    for oldest in list(_passed)[:-_MOST_KEPT]:
        _passed.pop(oldest, None)


def _verdict(printed: bytes) -> Mapping[str, Any]:
    """Return what the last line says that an examination printed; nothing if that is not whole."""
    said = printed.decode("utf-8", "replace").splitlines()
    found: Mapping[str, Any] = {}
    with suppress(ValueError):
        found = json.loads(said[-1]) if said else {}
    return found


def _refusal(name: str, bound: str) -> str:
    return (
        f"{name}: its rules cannot be written out {bound}; look for a rule that builds on its own conclusions without "
        "end, such as p(X+1) :- p(X), or for a range or a combination of conditions that is far too large"
    )
