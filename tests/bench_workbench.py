"""How long live decisions take when many people type at once, against a bare request of the same server.

    python -m tests.bench_workbench [--people 50] [--seconds 30] [--every 1.0]

Each person has a case open and changes a field every so many seconds, as a browser sends it: what is filled in, and
the token of the page. Meanwhile the style sheet is asked for as often as one person types. Memory is that of the
server before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import httpx

from tests.sample_cases import FOLDER

PORT = 8655
BASE = f"http://127.0.0.1:{PORT}"
CASE = FOLDER / "approve_two_bodies.yaml"
Form = dict[str, str | list[str]]


class Controls(HTMLParser):
    """The controls of a page that are filled in, with what they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name, value = has.get("name") or "", has.get("value") or ""
        kind = has.get("type") or "text"
        if tag == "select":
            self._select = name
        elif tag == "option" and "selected" in has and value:
            self.found.append((self._select, value))
        typed = kind not in ("submit", "button", "file", "checkbox", "radio") or "checked" in has
        if tag == "input" and name and value and typed:
            self.found.append((name, value))


def memory_of(process: int) -> int:
    """Return the resident memory of a process, in kB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0


async def opened(client: httpx.AsyncClient) -> tuple[str, Form]:
    """Open a case of one's own; return its address and what its form holds."""
    token = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/case/open")).text)
    assert token
    page = await client.post("/case/open", data={"csrf": token[1]}, files={"file": (CASE.name, CASE.read_bytes())})
    page.raise_for_status()
    form: Form = {}
    for name, value in Controls(page.text).found:
        held = form.get(name, [])
        form[name] = [*([held] if isinstance(held, str) else held), value]
    return page.url.path, form


async def typing(
    rng: Random, client: httpx.AsyncClient, path: str, form: Form, until: float, every: float, took: list[float]
) -> None:
    """Type until a moment: change the age, and wait for the answer."""
    await asyncio.sleep(rng.random() * every)
    while time.monotonic() < until:
        form["patient.age"] = f"{rng.randint(18, 80)}.{rng.randint(0, 99)}"
        begun = time.monotonic()
        answer = await client.post(f"{path}/live", data=form, headers={"HX-Request": "true"})
        took.append(time.monotonic() - begun)
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(every * (0.5 + rng.random()))


async def asking(client: httpx.AsyncClient, until: float, every: float, took: list[float]) -> None:
    """Ask for the style sheet until a moment."""
    while time.monotonic() < until:
        begun = time.monotonic()
        (await client.get("/static/style.css")).raise_for_status()
        took.append(time.monotonic() - begun)
        await asyncio.sleep(every)


def share(times: list[float], part: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


async def measure(people: int, seconds: float, every: float) -> tuple[list[float], list[float]]:
    live: list[float] = []
    bare: list[float] = []
    async with httpx.AsyncClient(base_url=BASE, follow_redirects=True, timeout=60) as client:
        cases = [await opened(client) for _ in range(people)]
        until = time.monotonic() + seconds
        typists = (typing(Random(seed), client, *case, until, every, live) for seed, case in enumerate(cases))
        await asyncio.gather(*typists, asking(client, until, every / 10, bare))
    return live, bare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=1.0)
    given = parser.parse_args()
    command = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--port", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdout.readline()
        asyncio.run(measure(2, 3.0, given.every))
        before = memory_of(server.pid)
        live, bare = asyncio.run(measure(given.people, given.seconds, given.every))
        after = memory_of(server.pid)
        server.terminate()
    print(f"{given.people} people, {len(live)} live decisions in {given.seconds:.0f} s")
    print(f"live decision: median {share(live, 0.5):.0f} ms, 95 % under {share(live, 0.95):.0f} ms")
    print(f"bare request beside them: median {share(bare, 0.5):.0f} ms, 95 % under {share(bare, 0.95):.0f} ms")
    print(f"ratio of the medians {share(live, 0.5) / share(bare, 0.5):.1f}, memory {before} to {after} kB")


if __name__ == "__main__":
    main()
