"""Searches in processes of their own: each has a time limit, ends when its page goes, and a broken one is replaced.

A worker keeps what it has ground for the next search. One that is stopped in the middle of a search is ended, since a
solver can be interrupted in no other way that is sure.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bvn_asp.errors import BvnError

MOST_WORKERS = 2
MOST_WAITING = 16
"""Most searches that wait for a worker; of more, the next is refused."""
GRACE = 5.0
"""Seconds beyond its limit after which a search that has not ended by itself is ended."""
MOST_JOBS = 300
"""Most searches of one worker, which bounds what it has learnt by heart."""
_STEP = 0.05


class BusyError(BvnError):
    """Too many searches are waiting."""


class LateError(BvnError):
    """A search was not over in time."""


class GoneError(BvnError):
    """Who asked for a search has gone."""


class _Worker:
    """One process with its end of a pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.jobs = 0

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join(timeout=2)
        self.pipe.close()


class Workers:
    """The searches of a server; `most` run at a time."""

    def __init__(self, most: int = MOST_WORKERS) -> None:
        self._most = most
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._waiting = 0
        self._room = asyncio.Semaphore(most)

    async def run(
        self, job: str, arguments: dict[str, Any], *, timeout: float, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> Any:
        """Return what the job called `job` returns for `arguments`, in at most `timeout` seconds and some grace.

        `gone` tells whether who asked is still there. Raises BusyError, LateError, GoneError, and as the job does.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError("the workbench is busy with other searches; try again in a moment")
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._run(job, arguments, timeout, gone)
        finally:
            self._room.release()

    async def _run(
        self, job: str, arguments: dict[str, Any], timeout: float, gone: Callable[[], Awaitable[bool]] | None
    ) -> Any:
        worker = self._idle.pop() if self._idle else await asyncio.to_thread(_Worker)
        self._busy.add(worker)
        kept = False
        try:
            worker.jobs += 1
            worker.pipe.send((job, arguments))
            answer = await self._answer(worker, timeout + GRACE, gone)
            kept = worker.jobs < MOST_JOBS
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise LateError("the search ended before it could answer: its process was stopped") from None
        finally:
            self._busy.discard(worker)
            if kept:
                self._idle.append(worker)
            else:
                threading.Thread(target=worker.end, daemon=True).start()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _answer(self, worker: _Worker, seconds: float, gone: Callable[[], Awaitable[bool]] | None) -> Any:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        ready = asyncio.Event()
        number = worker.pipe.fileno()
        loop.add_reader(number, ready.set)
        try:
            while not ready.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(ready.wait(), _STEP if gone is not None else 1.0)
                if gone is not None and not ready.is_set() and await gone():
                    raise GoneError("who asked has gone")
                if loop.time() > until:
                    raise LateError("the time was up before the search was over")
        finally:
            loop.remove_reader(number)
        return await asyncio.to_thread(worker.pipe.recv)

    def close(self) -> None:
        """End all workers."""
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle.clear()


def work(pipe: Connection) -> None:
    """Answer jobs until the pipe closes: the whole life of a worker."""
    # Ctrl-C reaches every process of the terminal; the server ends its workers by itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from bvn_asp.web import jobs

    while True:
        try:
            job, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = jobs.JOBS[job](**arguments)
        except BvnError as error:
            answer = error
        except Exception as error:
            # What it says could hold something of the case.
            answer = RuntimeError(type(error).__name__)
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return
