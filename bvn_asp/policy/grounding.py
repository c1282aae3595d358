"""Grounding a policy program, with every message of clingo an error, and what of it comes from elsewhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import clingo

from bvn_asp.errors import PolicyError, SolveError
from bvn_asp.policy.terms import Term, to_symbol, to_term

OPEN_INPUTS = (Path(__file__).parent / "open.lp").read_text(encoding="utf-8")

INPUTS = (
    ("yes", 1),
    ("no", 1),
    ("from", 2),
    ("to", 2),
    ("ruled_out", 2),
    ("selected", 2),
    ("assumed_absent", 1),
    ("assumed", 1),
    ("complete", 0),
)
"""The predicates left open."""
_OPTIONS = ["--warn=all", "--opt-mode=ignore", "--opt-strategy=usc", "--heuristic=Berkmin"]
"""The heuristic is the one that is quickest to set up anew for each solve; a decided case needs no search."""


def _control(messages: list[str]) -> clingo.Control:
    # Raising inside the logger would abort the process: collect here, raise after grounding.
    return clingo.Control(_OPTIONS, logger=lambda _, text: messages.append(text), message_limit=20)


def solving(control: clingo.Control) -> Any:
    """Return the options of solving; clingo types them too widely to set one."""
    return control.configuration.solve


def grounded(
    texts: Iterable[str],
    facts: Iterable[Term],
    observer: clingo.Observer | None = None,
    parts: Sequence[str] = ("base",),
    deadline: float | None = None,
) -> clingo.Control:
    """Return the control in which the program `texts` are ground with `facts`; `observer` is told of every rule.

    What is built on a foreign policy is ground on trial first, until `deadline`. Raises PolicyError on any message of
    clingo, and for a foreign policy as `trial.check_bounded`.
    """
    texts, facts = list(texts), list(facts)
    name = foreign_name(texts[0])
    if name is not None:
        from bvn_asp.policy.trial import check_bounded

        # Half of the time that is left is for grounding it again.
        seconds = None if deadline is None else max((deadline - time.monotonic()) / 2, 0.0)
        check_bounded(texts, facts, name, parts=parts, seconds=seconds)
    messages: list[str] = []
    control = _control(messages)
    if observer is not None:
        control.register_observer(observer)
    try:
        # Facts come first: opening the backend checks the #show statements of what is loaded by then.
        with control.backend() as backend:
            for fact in facts:
                backend.add_rule([backend.add_atom(to_symbol(fact))])
        for text in texts:
            control.add("base", [], text)
        control.ground([(part, []) for part in parts])
    except RuntimeError as error:
        raise PolicyError("\n".join(messages).strip() or str(error)) from None
    if messages:
        raise PolicyError("\n".join(messages).strip())
    return control


def keep_watch(text: str, name: str) -> None:
    """Note that the policy `text`, called `name`, comes from elsewhere, and so does every program that begins so."""
    _foreign.setdefault(len(text), {})[_digest(text)] = name


def foreign_name(text: str) -> str | None:
    """Return the name of the policy from elsewhere with which the program `text` begins, or None."""
    for length, names in _foreign.items():
        name = names.get(_digest(text[:length]))
        if name is not None:
            return name
    return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


_foreign: dict[int, dict[bytes, str]] = {}
"""Names of the policies that come from elsewhere, by the length and the digest of their text."""


def answer_set(policy: str, facts: Iterable[Term]) -> frozenset[Term]:
    """Ground the program text `policy` anew with `facts` and return what its one answer set shows.

    Raises PolicyError on any message of clingo, SolveError unless there is exactly one answer set.
    """
    control = grounded([policy], facts)
    solving(control).models = "2"
    with control.solve(yield_=True) as handle:
        shown = [frozenset(map(to_term, model.symbols(shown=True))) for model in handle]
    if len(shown) != 1:
        raise SolveError(f"expected exactly one answer set, found {'none' if not shown else 'more than one'}")
    return shown[0]
