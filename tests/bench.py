"""Ratios of time, each pair measured in one run: deciding in a warm process, and from a cold start.

    python -m tests.bench

Deciding is measured twice: every case once more by an engine that has decided them all, and every case once by an
engine that has decided only the other half of them. Each case is also decided by a fresh grounding with plain facts,
which explains nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from bvn_asp.analysis.change.whatif import WhatIf
from bvn_asp.analysis.query.assertions import SHIPPED, load_assertions
from bvn_asp.analysis.query.finder import Finder
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.facts import facts_for
from bvn_asp.policy.grounding import answer_set
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.case import Case
from tests.sample_cases import place, samples


def seconds(act: Callable[[], object]) -> float:
    """Return how long `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def warm() -> tuple[float, float, float]:
    """Return the median seconds of a decision with its explanation, known and new, and of a fresh grounding."""
    policy = shipped_policy()
    cases = list(samples().values())
    engine = Engine(policy)
    for case in cases:
        engine.decide(case)
    known = [seconds(partial(engine.decide, case)) for case in cases]
    new: list[float] = []
    for warming, measured in ((cases[::2], cases[1::2]), (cases[1::2], cases[::2])):
        engine = Engine(policy)
        for case in (*warming, *_shapes(cases)):
            engine.decide(case)
        new += [seconds(partial(engine.decide, case)) for case in measured]
    fresh = [seconds(partial(answer_set, policy.text, facts_for(case, policy, {}).terms())) for case in cases]
    return statistics.median(known), statistics.median(new), statistics.median(fresh)


def changes() -> tuple[float, float]:
    """Return the median and the longest seconds of asking what would change a decision, in a warm process."""
    asked = WhatIf(shipped_policy())
    cases = list(samples().values())
    cases.sort(key=lambda case: str(facts_for(case, asked.policy, {}).shape))
    times: list[float] = []
    for case in cases:
        asked.answer(case)
        times.append(seconds(partial(asked.answer, case, timeout=30)))
    return statistics.median(times), max(times)


def _shapes(cases: list[Case]) -> list[Case]:
    """Return one case that states nothing for each shape of the ground program."""
    found = {facts_for(case, shipped_policy(), {}).shape: case for case in cases}
    return [
        Case.model_validate({**case.model_dump(include={"request", "findings", "surgeries", "mri"})})
        for case in found.values()
    ]


def questions() -> tuple[float, float, float]:
    """Return the median seconds of a shipped assertion, of a query for its first case, and of a fresh start of both."""
    policy = shipped_policy()
    assertions = [assertion.query for assertion in load_assertions(SHIPPED, policy)]
    started = time.perf_counter()
    finder = Finder(policy)
    for query in assertions:
        finder.prove(query)
    start = time.perf_counter() - started
    proved = [seconds(partial(finder.prove, query)) for query in assertions]
    # What an assertion speaks of, looked for instead of excluded.
    found = [seconds(partial(finder.find, query, limit=1)) for query in assertions]
    return statistics.median(proved), statistics.median(found), start


def cold(runs: int = 15) -> tuple[float, float]:
    """Return the median seconds of `bvn decide` on one file in a new process, and of importing clingo in one."""
    decide = [sys.executable, "-m", "bvn_asp", "decide", place("approve_two_bodies")]
    imported = [sys.executable, "-c", "import clingo"]
    # An installed package has its bytecode, which the first run writes here.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = partial(subprocess.run, stdout=subprocess.DEVNULL, check=True, env=environment)
    run(decide)
    times: list[tuple[float, float]] = []
    for _ in range(runs):
        first, second = (seconds(partial(run, command)) for command in (decide, imported))
        times.append((first, second))
    return statistics.median(first for first, _ in times), statistics.median(second for _, second in times)


if __name__ == "__main__":
    known, new, fresh = warm()
    sys.stdout.write(
        f"warm: decide and explain {known * 1000:.2f} ms a case, {new * 1000:.2f} ms a case of a new half; "
    )
    sys.stdout.write(
        f"fresh grounding {fresh * 1000:.1f} ms, {fresh / known:.0f} and {fresh / new:.0f} times as long\n"
    )
    proving, finding, start = questions()
    sys.stdout.write(
        f"warm: prove {proving * 1000:.0f} ms an assertion, find {finding * 1000:.0f} ms a first case; "
        f"all shipped assertions from nothing {start:.1f} s\n"
    )
    ours, theirs = cold()
    sys.stdout.write(
        f"cold: bvn decide {ours * 1000:.0f} ms, import clingo {theirs * 1000:.0f} ms: {ours / theirs:.1f} times\n"
    )
    median, longest = changes()
    sys.stdout.write(f"what if: {median * 1000:.0f} ms a case at the median, {longest * 1000:.0f} ms at most\n")
