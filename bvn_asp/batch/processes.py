"""Work on the parts of a file in several processes, which end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from bvn_asp.errors import BvnError

if TYPE_CHECKING:
    from bvn_asp.batch.tables import Part

Result_co = TypeVar("Result_co", covariant=True)


class PartWork(Protocol[Result_co]):
    """Work on one part of a file; `prepare` is called once in each process, before the first part."""

    def prepare(self) -> None:
        """Make ready what all parts need."""

    def __call__(self, part: Part) -> Result_co:
        """Do the work on `part`."""


def in_processes(work: PartWork[Result_co], parts: Sequence[Part], workers: int) -> Iterator[Result_co]:
    """Yield what `work` returns for each of `parts`, in any order, done by so many processes."""
    workers = min(workers, len(parts))
    if workers <= 1:
        work.prepare()
        yield from map(work, parts)
        return
    # A forked process starts at once; where there are none, what the work needs is sent to it.
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    ours, theirs = context.Pipe()
    with ours, theirs, ProcessPoolExecutor(workers, context, _prepare, (work, ours, theirs)) as pool:
        try:
            waiting: set[Future[Result_co]] = {pool.submit(_worker, part) for part in parts}
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BrokenProcessPool:
            raise BvnError(
                "a worker process was killed, perhaps for want of memory; the same command takes up what is done"
            ) from None
        except BaseException:
            # What the workers still do is of no use, so they end at once.
            ours.close()
            raise


_prepared: list[Any] = []


def _prepare(work: PartWork[Any], theirs: Connection, ours: Connection) -> None:
    """Make a worker process ready; it ends as soon as no process holds the other end of its pipe."""
    theirs.close()
    threading.Thread(target=_end_with, args=(ours,), daemon=True).start()
    # An interrupt is for the process that the user started.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    work.prepare()
    _prepared[:] = [work]


def _end_with(ours: Connection) -> None:
    with suppress(EOFError, OSError):
        ours.recv_bytes()
    os._exit(1)


def _worker(part: Part) -> Any:
    return _prepared[0](part)
