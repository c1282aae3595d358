"""Decisions for the pages: one engine, in one thread of its own, so that nobody waits for it but who asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from bvn_asp.decision.engine import Engine

if TYPE_CHECKING:
    from bvn_asp.decision.decision import Decision
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case

T = TypeVar("T")


class Decider:
    """Decides cases one after the other; a search that takes longer belongs into a worker."""

    def __init__(self, policy: Policy) -> None:
        self.engine = Engine(policy)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decider")

    async def decide(self, case: Case, readings: Mapping[str, str]) -> Decision:
        """Return the decision on `case` under `readings`."""
        return await self.run(lambda: self.engine.decide(case, readings))

    async def run(self, act: Callable[[], T]) -> T:
        """Return what `act` returns, which may use the engine."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
