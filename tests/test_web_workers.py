"""Searches in processes of their own: limited in time, ended when nobody waits, replaced when they break."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from bvn_asp.errors import CaseError
from bvn_asp.web.workers import MOST_WAITING, BusyError, GoneError, LateError, Workers

NEXT = {"content": {}, "chosen": {}, "skipped": [], "timeout": 60.0}
LONG = {"timeout": 60.0}


async def over(workers: Workers, job: str, arguments: dict[str, Any], **more: Any) -> Any:
    return await workers.run(job, arguments, **{"timeout": 60.0, **more})


def alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_answers_again_and_again_and_says_what_is_wrong() -> None:
    async def act() -> None:
        workers = Workers(1)
        try:
            first = await over(workers, "readings", {"content": {"patient": {"age": 17}}, "chosen": {}})
            pid = workers._idle[0].process.pid
            assert "obligations" in first["outcomes"]
            with pytest.raises(CaseError):
                await over(workers, "readings", {"content": {"patient": {"age": "x"}}, "chosen": {}})
            assert workers._idle[0].process.pid == pid
        finally:
            workers.close()

    asyncio.run(act())


def test_who_goes_ends_the_search_and_the_next_one_has_a_worker() -> None:
    async def act() -> None:
        workers = Workers(1)
        asked = 0

        async def gone() -> bool:
            nonlocal asked
            asked += 1
            return asked > 3

        try:
            with pytest.raises(GoneError):
                await over(workers, "audit", LONG, gone=gone)
            assert workers._idle == [] and not workers._busy
            assert (await over(workers, "question", NEXT))["settled"] is False
        finally:
            workers.close()

    asyncio.run(act())


def test_a_search_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bvn_asp.web.workers.GRACE", 0.2)

    async def act() -> None:
        workers = Workers(1)
        task = asyncio.create_task(over(workers, "audit", LONG, timeout=0.3))
        while not workers._busy:
            await asyncio.sleep(0.02)
        process = next(iter(workers._busy)).process
        with pytest.raises(LateError):
            await task
        for _ in range(100):
            if not process.is_alive():
                break
            await asyncio.sleep(0.05)
        assert not process.is_alive()
        workers.close()

    asyncio.run(act())


def test_a_worker_that_is_killed_is_an_answer_and_is_replaced() -> None:
    async def act() -> None:
        workers = Workers(1)
        task = asyncio.create_task(over(workers, "audit", LONG))
        while not workers._busy:
            await asyncio.sleep(0.02)
        process = next(iter(workers._busy)).process
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(LateError):
            await task
        assert (await over(workers, "question", NEXT))["settled"] is False
        workers.close()

    asyncio.run(act())


def test_too_many_that_wait_are_refused() -> None:
    async def act() -> None:
        workers = Workers(1)
        await workers._room.acquire()
        waiting = [asyncio.create_task(over(workers, "question", NEXT)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await over(workers, "question", NEXT)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        workers.close()

    asyncio.run(act())
