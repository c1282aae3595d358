"""The audit of a server: made once, in a worker, and kept for all, since it holds nothing of a case."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bvn_asp.errors import BvnError
from bvn_asp.web.workers import Workers

SECONDS = 300.0
"""Longest time of an audit."""


class AuditRun:
    """The audit: not begun, under way, failed, or done; `result` is what the job returned."""

    def __init__(self) -> None:
        self.result: dict[str, Any] | None = None
        self.failure = ""
        self._task: asyncio.Task[None] | None = None
        self._begun = 0.0

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._task is not None and not self._task.done()

    @property
    def seconds(self) -> int:
        """How long it has been under way."""
        return int(time.monotonic() - self._begun) if self.running else 0

    def begin(self, workers: Workers) -> None:
        """Begin it, unless it is under way or done."""
        if self.result is None and not self.running:
            self.failure, self._begun = "", time.monotonic()
            self._task = asyncio.create_task(self._run(workers))

    def stop(self) -> None:
        """End it, whatever it has found."""
        if self._task is not None and self.running:
            self._task.cancel()
            self.failure = "It was stopped."

    async def _run(self, workers: Workers) -> None:
        try:
            self.result = await workers.run("audit", {"timeout": SECONDS}, timeout=SECONDS)
        except BvnError as error:
            self.failure = str(error)

    def by_clause(self) -> dict[str, list[dict[str, Any]]]:
        """Return the findings about each clause, as far as there are any."""
        found: dict[str, list[dict[str, Any]]] = {}
        for number, finding in enumerate(self.result["document"]["findings"] if self.result else (), 1):
            for clause in finding["clauses"]:
                found.setdefault(clause["id"], []).append({**finding, "number": number})
        return found
