"""A workbench for tests: a client that behaves as a browser does on its pages."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

warnings.filterwarnings("ignore", message="Using `httpx`")
starlette = pytest.importorskip("starlette.testclient")
pytest.importorskip("python_multipart")

HOST = "127.0.0.1:8642"
BASE = f"http://{HOST}"


@contextmanager
def workbench(token: str = "", host: str = HOST, store: Any = None) -> Iterator[Any]:
    """Yield a client of a workbench of its own."""
    from bvn_asp.web.app import application
    from bvn_asp.web.security import Access

    app = application(Access(frozenset({host}), token), store)
    with starlette.TestClient(app, base_url=f"http://{host}") as client:
        yield client


def csrf_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return found[1]


def new_case(client: Any) -> tuple[str, str]:
    """Return the address of a new case, and the token of its page."""
    shown = client.get("/case/new")
    assert shown.status_code == 200
    return shown.url.path, csrf_of(shown.text)


def post(client: Any, path: str, values: Mapping[str, Any], token: str, *, part: bool = False) -> Any:
    headers = {"HX-Request": "true"} if part else {}
    return client.post(path, data={**values, "csrf": token}, headers=headers)


def open_file(client: Any, data: bytes, name: str = "case.yaml") -> Any:
    token = csrf_of(client.get("/case/open").text)
    return client.post("/case/open", data={"csrf": token}, files={"file": (name, data)})
