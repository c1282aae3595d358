"""How long live decisions take when many people type at once, against a bare request of the same server.

    python -m tests.bench_workbench [--people 50] [--seconds 30]

Locust (`pip install locust`) has each person change a field of a case of their own about once a second; meanwhile the
style sheet is asked for ten times a second. Memory is that of the server, looked at every few seconds; processor time
is that of the server for each live decision, all that it does beside included.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIVE, BARE = "live decision", "bare request"
OPENED = 4
"""Cases that are opened in a second, before it is measured: a page of a case takes longer than a live decision."""
LOOK = 5.0
"""Seconds between two looks at the memory of the server."""


def memory_of(process: int) -> int:
    """Return the resident memory of a process, in kB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0


def processor_of(process: int) -> float:
    """Return the processor time of a process, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(found: dict[str, Any], part: float) -> float:
    """Return under how many ms a share of the requests of one name stayed."""
    times = sorted((float(ms), count) for ms, count in found["response_times"].items())
    left = part * sum(count for _, count in times)
    for ms, count in times:
        left -= count
        if left <= 0:
            return ms
    return times[-1][0]


def load(url: str, people: int, seconds: float, server: int) -> tuple[dict[str, dict[str, Any]], list[int]]:
    """Have people type for a while; return what Locust counted by name, and the memory of the server meanwhile."""
    called = [
        sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("load_workbench.py")), "--headless",
        "--host", url, "-u", str(people + 1), "-r", str(OPENED), "-t", f"{people / OPENED + seconds:.0f}s", "--json",
        "--reset-stats", "--only-summary",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    memory: list[int] = []
    with tempfile.TemporaryFile("w+") as told:
        with subprocess.Popen(called, stdout=told, stderr=subprocess.DEVNULL, env=environment) as locust:
            while locust.poll() is None:
                time.sleep(LOOK)
                memory.append(memory_of(server))
        told.seek(0)
        found = {item["name"]: item for item in json.loads(told.read())}
    return found, memory


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    if importlib.util.find_spec("locust") is None:
        raise SystemExit("this needs locust, which is not installed: pip install locust")
    command = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        told = re.search(r"http://[^/ ]+", server.stdout.readline())
        assert told
        load(told[0], given.people, 3.0, server.pid)
        begun = processor_of(server.pid)
        found, memory = load(told[0], given.people, given.seconds, server.pid)
        spent = processor_of(server.pid) - begun
        server.terminate()
    live, bare = found[LIVE], found[BARE]
    print(f"{given.people} people, {live['num_requests']} live decisions, {live['num_failures']} of them failed")
    for name, item in found.items():
        print(f"{name}: median {share(item, 0.5):.0f} ms, 95 % under {share(item, 0.95):.0f} ms")
    print(f"ratio of the medians {share(live, 0.5) / share(bare, 0.5):.1f}")
    print(f"processor time {spent / live['num_requests'] * 1000:.1f} ms a live decision")
    print("memory, kB:", *memory[:: max(1, len(memory) // 12)], memory[-1])


if __name__ == "__main__":
    main()
