"""`bvn serve`: it is there at once, says where, stops on Ctrl-C, and a taken port is a clear message."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("starlette")


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    called = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--port", "0", *arguments]
    with subprocess.Popen(called, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            yield server, line
        finally:
            server.kill()


def asked(url: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60)


def url_of(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:[0-9]+/", line)
    assert found, line
    return found[0]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_says_nothing_of_what_is_asked_and_ends_when_told_to(number: int) -> None:
    with served() as (server, line):
        url = url_of(line)
        assert asked(f"{url}case").status == 200
        with pytest.raises(urllib.error.HTTPError):
            asked(f"{url}case", Host="evil.example")
        server.send_signal(number)
        output, errors = server.communicate(timeout=60)
        assert server.returncode == 0
        assert output == "ended\n" and errors == ""


def test_a_taken_port_is_a_clear_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        called = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--port", str(port)]
        found = subprocess.run(called, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 2
    assert found.stderr.startswith(f"port {port} is taken") and "--port" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "example.org", "203.0.113.9"])
def test_an_address_that_cannot_be_had_is_a_clear_message(address: str) -> None:
    called = [sys.executable, "-m", "bvn_asp", "serve", "--no-browser", "--address", address, "--port", "0"]
    found = subprocess.run(called, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 2 and address in found.stderr and "Traceback" not in found.stderr


def test_the_help_starts_without_the_server() -> None:
    code = (
        "import sys; from bvn_asp.cli.commands import bvn; import click;"
        "bvn.get_command(click.Context(bvn), 'serve'); print('starlette' in sys.modules, 'uvicorn' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_searches_are_imported_where_they_are_made() -> None:
    code = "import sys, bvn_asp.web.app; print([m for m in ('bvn_asp.analysis.change.whatif', 'lark', 'numpy', 'z3',"
    code += " 'bvn_asp.analysis.audit.study') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
