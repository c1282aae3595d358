"""Who may ask the workbench, how much may be sent, what a browser is told, and what is never said."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from bvn_asp.errors import BvnError
from tests.web import BASE, HOST, csrf_of, new_case, open_file, post, workbench

PAGES = ("/case", "/case/open", "/interview", "/policy", "/ask", "/audit", "/compare", "/reviews", "/api")
SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


@pytest.mark.parametrize("page", PAGES)
def test_every_page_allows_only_what_comes_with_it(client: Any, page: str) -> None:
    shown = client.get(page)
    assert shown.status_code == 200
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in policy
    for forbidden in ("<script>", " style=", " onclick=", "javascript:", "https://", "http://"):
        assert forbidden not in shown.text.replace(BASE, ""), forbidden


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1", "evil.example:8642", ""])
def test_a_request_for_another_name_is_refused(client: Any, host: str) -> None:
    assert client.get("/case", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_a_request_from_another_page_is_refused(client: Any, headers: dict[str, str]) -> None:
    path, token = new_case(client)
    refused = client.post(path, data={"csrf": token}, headers=headers)
    assert refused.status_code == 403
    assert client.post("/api/decide", json={"case": {}}, headers=headers).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "é"])
def test_a_form_without_the_token_of_its_page_is_refused(client: Any, token: str) -> None:
    path, _ = new_case(client)
    for place in (path, f"{path}/live", f"{path}/part", f"{path}/apply", f"{path}/save/yaml", "/readings", "/ask",
                  "/audit", "/audit/open", "/compare/policies", "/case/sample", "/ask/words"):  # fmt: skip
        refused = client.post(place, data={"csrf": token, "patient.age": "5"})
        assert refused.status_code == 403, place
        assert "too old" in refused.text


def test_the_token_of_another_browser_is_refused(client: Any) -> None:
    path, token = new_case(client)
    with workbench() as other:
        other.get("/policy")
        assert other.post("/readings", data={"csrf": token}).status_code == 403
    assert post(client, path, {}, token).status_code == 200


def test_programs_send_json_and_nothing_that_a_page_could_send_unasked(client: Any) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        refused = client.post("/api/decide", content=b'{"case": {}}', headers={"Content-Type": kind})
        assert refused.status_code == 415
        assert refused.headers["content-type"] == "application/problem+json"


def test_what_is_too_large_is_refused(client: Any) -> None:
    path, token = new_case(client)
    large = "x" * 2_600_000
    assert client.post(path, data={"csrf": token, "story": large}).status_code == 413
    assert client.post("/api/decide", json={"case": {"story": large}}).status_code == 413

    def pieces() -> Iterator[bytes]:
        yield b'{"case": {"story": "'
        for _ in range(30):
            yield b"x" * 100_000

    sent = client.post("/api/decide", content=pieces(), headers={"Content-Type": "application/json"})
    assert sent.status_code == 413
    assert open_file(client, b"story: " + b"x" * 1_000_100).status_code in (400, 413)
    assert client.get(f"/ask?query={'x' * 5_000}").status_code == 414


def test_many_parts_and_deep_nesting_end_in_a_message(client: Any) -> None:
    path, token = new_case(client)
    many = {"csrf": token, **{f"x{number}": "1" for number in range(25_000)}}
    assert client.post(path, data=many).status_code in (400, 413)
    deep = b"[" * 100_000
    assert client.post("/api/decide", content=deep, headers={"Content-Type": "application/json"}).status_code == 400
    assert open_file(client, deep).status_code == 422


def test_an_address_that_others_reach_asks_for_its_token() -> None:
    with workbench("a secret", "192.0.2.1:8642") as client:
        assert client.get("/case", follow_redirects=False).headers["location"] == "/login?to=/case"
        assert client.post("/api/decide", json={"case": {}}).status_code == 401
        page = client.get("/login?to=/policy")
        wrong = client.post("/login", data={"csrf": csrf_of(page.text), "token": "no", "to": "/policy"})
        assert wrong.status_code == 403
        assert client.get("/policy", follow_redirects=False).status_code == 303
        token = csrf_of(page.text)
        right = client.post("/login", data={"csrf": token, "token": "a secret", "to": "//evil.example"})
        assert right.status_code == 200 and right.url.host == "192.0.2.1"
        assert client.get("/policy").status_code == 200
        bearer = {"Authorization": "Bearer a secret"}
        client.cookies.clear()
        assert client.post("/api/decide", json={"case": {}}, headers=bearer).status_code == 200


def test_going_back_leads_only_to_pages_of_this_server(client: Any) -> None:
    token = csrf_of(client.get("/policy").text)
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nX: y"):
        sent = client.post("/readings", data={"csrf": token, "reset": "1", "back": back}, follow_redirects=False)
        assert sent.headers["location"] == "/case"


HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "{% raw %}", "'; drop table cases; --",
    "\u202egnp.exe", "a\r\nSet-Cookie: x=1", "javascript:alert(1)", "]]><svg/onload=alert(1)>", "&lt;b&gt;", "\x1b[31m",
    "%3Cscript%3E", "\U0001f600\u2066", "</textarea><script>x</script>", "x' hx-get='/ask", "../../etc/passwd",
]  # fmt: skip
MARKUP = ("<script>alert", "<img src=x", "<svg/onload", "<script>x", "49", "\u202e", "\x1b", "\u2066")


def harmless(text: str) -> bool:
    return not any(mark in text for mark in MARKUP if mark != "49")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_any_field_is_shown_as_text(client: Any, text: str) -> None:
    from bvn_asp.record.table import TABLE

    path, token = new_case(client)
    values: dict[str, Any] = {}
    for name in ("surgeries", "findings.present", "mri.modic_changes", "ablations"):
        values[f"{name}[0]:here"] = "1"
    for row in TABLE.fields:
        name = row.path.replace("[]", "[0]")
        values |= {name: text, f"{name}:other": text, f"{name}:document": text, f"{name}:page": text, f"{name}:2": text}
    for place, part in ((f"{path}/live", True), (path, False)):
        shown = post(client, place, values, token, part=part)
        assert shown.status_code == 200
        assert harmless(shown.text)
        assert "x=1" not in shown.headers.get("set-cookie", "")
    assert "<title>Case · bvn</title>" in shown.text
    lone = post(client, f"{path}/live", {"story": text, "request.bodies": "L4", "patient.age:document": text,
                                         "patient.age": "17"}, token, part=True)  # fmt: skip
    assert lone.status_code == 200 and harmless(lone.text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_of_files_and_cases_are_shown_as_text(client: Any, text: str) -> None:
    for data in (b"nonsense: 1", json.dumps({text: 1}).encode(), json.dumps({"cases": {text: {}, "b": {}}}).encode(),
                 yaml.safe_dump({"patient": {text: text}}).encode()):  # fmt: skip
        shown = open_file(client, data, f"{text}.json")
        assert shown.status_code in (200, 400, 422)
        assert harmless(shown.text)
    token = csrf_of(client.get("/ask").text)
    for path, values in (("/ask", {"query": text, "kind": "find"}), ("/ask/words", {"query": text}),
                         ("/readings", {"reading": f"{text}={text}"}), ("/case/sample", {"name": text})):  # fmt: skip
        shown = client.post(path, data={**values, "csrf": token})
        assert harmless(shown.text), path
    asked = client.get("/ask", params={"query": text})
    assert harmless(asked.text)
    assert harmless(client.get(f"/policy/rules/{quote(text, safe='')}").text)


def test_nothing_of_a_case_is_in_addresses_titles_or_names_of_files(client: Any) -> None:
    path, token = new_case(client)
    values = {"case_id": "Mustermann", "story": "Mustermann", "request.bodies": "L4"}
    kept = post(client, path, values, token)
    assert "Mustermann" not in str(kept.url)
    title = kept.text.split("<title>")[1].split("</title>")[0]
    assert "Mustermann" not in title
    saved = post(client, f"{path}/save/yaml", values, token)
    assert saved.headers["content-disposition"] == 'attachment; filename="case.yaml"'
    assert "Mustermann" in saved.text


def test_a_failure_of_ours_is_logged_without_what_was_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from bvn_asp.web import decided

    def fail(values: Any) -> Any:
        raise RuntimeError(f"cannot cope with {values}")

    with workbench() as client:
        path, token = new_case(client)
        monkeypatch.setattr(decided, "read_form", fail)
        with caplog.at_level(logging.DEBUG):
            sent = post(client, f"{path}/live", {"story": "Mustermann"}, token, part=True)
    assert "Something went wrong" in sent.text and "Mustermann" not in sent.text
    logged = [record for record in caplog.records if record.name == "bvn_asp.web"]
    assert len(logged) == 1 and "RuntimeError" in logged[0].getMessage()
    assert "Mustermann" not in caplog.text and path.split("/")[2] not in logged[0].getMessage()


def test_who_goes_in_the_middle_of_sending_a_form_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    from bvn_asp.web.app import application
    from bvn_asp.web.security import Access

    headers = {"host": HOST, "origin": BASE, "content-type": "application/x-www-form-urlencoded"}
    scope = {
        "type": "http", "method": "POST", "path": "/case/a/live", "raw_path": b"/case/a/live", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 8642), "client": ("127.0.0.1", 1), "scheme": "http", "root_path": "",
    }  # fmt: skip
    sent: list[Any] = []

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = application(Access(frozenset({HOST}), ""), None)

    async def act() -> None:
        await app(scope, gone, send)

    asyncio.run(act())
    assert [message["status"] for message in sent if "status" in message] == [204]
    assert caplog.records == []


def test_only_an_address_of_this_machine_can_be_served() -> None:
    pytest.importorskip("uvicorn")
    from bvn_asp.web.serve import serve

    for address in ("0.0.0.0", "::", "example.org", "1.2.3"):
        with pytest.raises(BvnError, match="address"):
            serve(address, 0, browser=False, say=lambda line: None)


def test_the_host_is_part_of_what_is_checked() -> None:
    from bvn_asp.web.security import loopback_hosts

    assert loopback_hosts(8642) == {HOST, "localhost:8642", "[::1]:8642"}
    assert loopback_hosts(1, "192.0.2.7") == {"192.0.2.7:1"}
