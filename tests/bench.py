"""Ratios of time, each pair measured in one run: deciding in a warm process, and from a cold start.

    python -m tests.bench

Deciding is measured on cases that the engine has not seen: it is warmed on one half of `cases/`, measured on the
first decision of each case of the other half, and the other way round with a new engine. Each case is also decided
by a fresh grounding with plain facts, without any explanation.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bvn_asp.case import Case
from bvn_asp.decide import Engine
from bvn_asp.facts import facts_for
from bvn_asp.files import load_case
from bvn_asp.policy import shipped_policy
from bvn_asp.solve import answer_set

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


def seconds(act: Callable[[], object]) -> float:
    """Return how long `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def warm() -> tuple[float, float]:
    """Return the median seconds of a decision with its explanation, and of a fresh grounding without one."""
    policy = shipped_policy()
    cases = [load_case(path) for path in CASES]
    decided: list[float] = []
    for warming, measured in ((cases[::2], cases[1::2]), (cases[1::2], cases[::2])):
        engine = Engine(policy)
        for case in (*warming, *_shapes(cases)):
            engine.decide(case)
        decided += [seconds(partial(engine.decide, case)) for case in measured]
    fresh = [seconds(partial(answer_set, policy.text, facts_for(case, policy, {}).terms())) for case in cases]
    return statistics.median(decided), statistics.median(fresh)


def _shapes(cases: list[Case]) -> list[Case]:
    """Return one case that states nothing for each shape of the ground program."""
    found = {facts_for(case, shipped_policy(), {}).shape: case for case in cases}
    return [
        Case.model_validate({**case.model_dump(include={"request", "findings", "surgeries", "mri"})})
        for case in found.values()
    ]


def cold(runs: int = 15) -> tuple[float, float]:
    """Return the median seconds of `bvn decide` on one file in a new process, and of importing clingo in one."""
    decide = [sys.executable, "-m", "bvn_asp.cli", "decide", str(CASES[0])]
    imported = [sys.executable, "-c", "import clingo"]
    times: list[tuple[float, float]] = []
    for _ in range(runs):
        first, second = (
            seconds(partial(subprocess.run, command, stdout=subprocess.DEVNULL, check=True))
            for command in (decide, imported)
        )
        times.append((first, second))
    return statistics.median(first for first, _ in times), statistics.median(second for _, second in times)


if __name__ == "__main__":
    decided, fresh = warm()
    sys.stdout.write(f"warm: decide and explain {decided * 1000:.2f} ms, fresh grounding {fresh * 1000:.1f} ms: ")
    sys.stdout.write(f"{fresh / decided:.0f} times as fast\n")
    ours, theirs = cold()
    sys.stdout.write(
        f"cold: bvn decide {ours * 1000:.0f} ms, import clingo {theirs * 1000:.0f} ms: {ours / theirs:.1f} times\n"
    )
