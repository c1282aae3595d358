"""A workbench that is used for long: what did not change is not made anew, memory stays, and a kill loses nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bvn_asp.record.files import load_case
from bvn_asp.record.writing import plain_content
from bvn_asp.reviews.store import Store
from bvn_asp.reviews.verification import verify
from bvn_asp.web.fields import values_of
from tests.bench_workbench import memory_of
from tests.sample_cases import FOLDER
from tests.web import csrf_of, new_case, post, workbench

httpx = pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
SAMPLE = values_of(plain_content(load_case(FOLDER / "approve_two_bodies.yaml")))
VALUES = {name: list(texts) for name, texts in SAMPLE.items()}
WARM, TYPED = 2_300, 1_700
"""Decisions until what is kept for the next ones is as large as it gets, and those after it."""
MOST_GROWTH = 6_000
"""Most kB by which the server may grow while TYPED decisions are made: 4 kB a decision would be a leak."""


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    called = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--port", "0", *arguments]
    with subprocess.Popen(called, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[^/ ]+", server.stdout.readline())
        assert found
        try:
            yield server, found[0]
        finally:
            server.kill()


def test_what_a_key_does_not_change_is_not_written_anew() -> None:
    from bvn_asp.web.render import checked

    with workbench() as client:
        path, token = new_case(client)
        post(client, f"{path}/live", VALUES, token, part=True)
        before = checked.cache_info()
        post(client, f"{path}/live", {**VALUES, "patient.age": "53"}, token, part=True)
        after = checked.cache_info()
    rows = after.hits + after.misses - before.hits - before.misses
    assert rows > 20
    # Age is the matter of two criteria, the same one stated twice.
    assert after.misses - before.misses <= 2


def test_what_was_signed_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    kept = tmp_path / "reviews.db"
    with served("--keep", str(kept)) as (server, url), httpx.Client(base_url=url, follow_redirects=True) as client:
        client.timeout = 120
        page = client.get("/case/new")
        token = csrf_of(page.text)
        for number in (1, 3):
            shown = client.post(f"{page.url.path}/keep", data={**VALUES, "csrf": token})
            assert shown.url.path == f"/reviews/{number}"
            signed = {"reviewer": "A. Reviewer", "decision": "approve", "csrf": token}
            assert client.post(f"/reviews/{number}", data=signed).status_code == 200
        server.kill()
        server.wait()
    with served("--keep", str(kept)) as (_, url):
        assert httpx.get(f"{url}/reviews", timeout=120).text.count("approve, A. Reviewer") == 2
    store = Store(kept)
    assert [[s.reviewer for s in review.signatures] for review in store.reviews()] == [["A. Reviewer"]] * 2
    assert verify(store).intact


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_what_is_typed() -> None:
    with served() as (server, url), httpx.Client(base_url=url, follow_redirects=True, timeout=120) as client:
        page = client.get("/case/new")
        sent = {**VALUES, "csrf": csrf_of(page.text)}
        memory = []
        for number in range(WARM + TYPED):
            sent["patient.age"] = [f"{18 + number % 60}.{number % 97}"]
            answer = client.post(f"{page.url.path}/live", data=sent, headers={"HX-Request": "true"})
            assert answer.status_code == 200
            if number >= WARM and number % 50 == 0:
                memory.append(memory_of(server.pid))
    quarter = len(memory) // 4
    assert max(memory[-quarter:]) - max(memory[:quarter]) < MOST_GROWTH
