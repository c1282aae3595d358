"""Reviews in the workbench: a decision is kept from its page, signed once, amended, looked for and decided again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bvn_asp.record.files import load_case
from bvn_asp.record.writing import plain_content
from bvn_asp.reviews.store import Store
from bvn_asp.web.fields import values_of
from tests.web import csrf_of, new_case, post, workbench

SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reviews.db"


@pytest.fixture
def client(path: Path) -> Iterator[Any]:
    with workbench(store=Store(path, create=True)) as found:
        yield found


def kept(client: Any, **changed: str) -> Any:
    path, token = new_case(client)
    values = {**values_of(plain_content(load_case(SAMPLE))), "case_id": "case 7", **changed}
    return post(client, f"{path}/keep", values, token)


def test_without_a_file_nothing_is_kept_and_the_page_says_how() -> None:
    with workbench() as client:
        assert "bvn serve --keep FILE" in client.get("/reviews").text
        path, token = new_case(client)
        assert "Keep and sign" not in client.get(path).text
        assert post(client, f"{path}/keep", {}, token).status_code == 409


def test_a_decision_is_kept_signed_and_locked(client: Any, path: Path) -> None:
    shown = kept(client)
    assert shown.url.path == "/reviews/1" and "case 7" in shown.text and "approve" in shown.text
    token = csrf_of(shown.text)
    nobody = post(client, "/reviews/1", {"reviewer": " ", "decision": "approve"}, token)
    assert nobody.status_code == 422 and "a reviewer signs by name" in nobody.text
    departs = post(client, "/reviews/1", {"reviewer": "A. Reviewer", "decision": "deny"}, token)
    assert departs.status_code == 422 and "needs a comment" in departs.text and 'value="A. Reviewer"' in departs.text
    signed = post(client, "/reviews/1", {"reviewer": "A. Reviewer", "decision": "approve"}, token)
    assert signed.status_code == 200 and "Amend" in signed.text
    without = post(client, "/reviews/1", {"reviewer": "B", "decision": "deny", "comment": "late letter"}, token)
    assert without.status_code == 422 and "says why" in without.text
    post(client, "/reviews/1", {"reviewer": "B", "decision": "deny", "comment": "late letter", "why": "a letter came"},
         token)  # fmt: skip
    review = Store(path).review(1)
    assert [signature.decision for signature in review.signatures] == ["approve", "deny"]
    # Whoever opens the file after the server was killed finds it signed.
    with workbench(store=Store(path)) as again:
        assert "a letter came" in again.get("/reviews/1").text


def test_what_is_kept_is_the_case_as_it_is_read(client: Any, path: Path) -> None:
    token = csrf_of(client.get("/policy").text)
    post(client, "/readings", {"reading": "modic_scope=same_body"}, token)
    kept(client)
    entry = Store(path).review(1).kept
    assert entry.readings == {"modic_scope": "same_body"}
    content = {**plain_content(load_case(SAMPLE)), "case_id": "case 7"}
    assert plain_content(Store(path).case(entry)) == content
    opened = post(client, "/reviews/1/open", {}, token)
    assert opened.url.path.startswith("/case/") and 'value="case 7"' in opened.text


def test_reviews_are_looked_for_without_a_word_in_an_address(client: Any) -> None:
    kept(client)
    token = csrf_of(kept(client, case_id="other", **{"patient.age": "17"}).text)
    post(client, "/reviews/2", {"reviewer": "A. Reviewer", "decision": "deny"}, token)

    def found(**asked: str) -> list[str]:
        shown = post(client, "/reviews", asked, token)
        assert "?" not in str(shown.url)
        return re.findall(r'<td><a href="/reviews/(\d+)">', shown.text)

    assert found() == ["2", "1"]
    assert found(text="case 7") == ["1"] and found(text="reviewer") == ["2"] and found(text="nobody") == []
    assert found(state="open") == ["1"] and found(state="signed") == ["2"]


def test_the_file_is_verified_and_decided_again_as_the_policy_is_read_now(client: Any) -> None:
    token = csrf_of(kept(client).text)
    assert "Everything is as it was written" in post(client, "/reviews/check", {"do": "verify"}, token).text
    assert "0 come out otherwise" in post(client, "/reviews/check", {"do": "replay"}, token).text
    post(client, "/readings", {"reading": "obligations=norm"}, token)
    again = post(client, "/reviews/check", {"do": "replay"}, token).text
    assert "1 come out otherwise" in again and "approve → deny" in again


def test_what_cannot_be_read_or_is_not_there_is_not_kept(client: Any) -> None:
    wrong = kept(client, **{"patient.age": "x"})
    assert wrong.status_code == 422 and "patient.age" in wrong.text
    assert client.get("/reviews/9").status_code == 422 and "no entry 9" in client.get("/reviews/9").text


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egnp", "{{7*7}}"]
)
def test_hostile_names_and_comments_are_shown_as_text(client: Any, text: str) -> None:
    token = csrf_of(kept(client, case_id=text).text)
    sent = {"reviewer": text, "decision": "deny", "comment": text, "on:i1": text}
    shown = post(client, "/reviews/1", sent, token)
    for page in (shown.text, client.get("/reviews").text, client.get("/reviews/1").text):
        assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page


def test_what_was_signed_as_recommended_has_its_letter_and_nothing_else_has_one(client: Any) -> None:
    shown = kept(client)
    token = csrf_of(shown.text)
    letter = "/reviews/1/send/letter/html"
    early = post(client, letter, {}, token)
    assert early.status_code == 409 and "not signed" in early.text
    signed = post(client, "/reviews/1", {"reviewer": "A", "decision": "approve"}, token)
    assert f'action="{letter}"' in signed.text
    found = post(client, letter, {}, token)
    assert found.headers["content-disposition"] == 'attachment; filename="letter.html"'
    assert "We approve" in found.text and "case 7" in found.text
    otherwise = {"reviewer": "B", "decision": "deny", "comment": "a late letter", "why": "it came"}
    post(client, "/reviews/1", otherwise, token)
    refused = post(client, letter, {}, token)
    assert refused.status_code == 409 and "would say approve, and deny was signed" in refused.text
    # A report says what was recommended, whatever was signed.
    assert post(client, "/reviews/1/send/report/html", {}, token).status_code == 200
    assert post(client, "/reviews/1/send/letter/exe", {}, token).status_code in (404, 409)


def test_a_letter_follows_the_readings_under_which_it_was_decided(client: Any) -> None:
    token = csrf_of(client.get("/policy").text)
    post(client, "/readings", {"reading": "obligations=norm"}, token)
    token = csrf_of(kept(client).text)
    post(client, "/readings", {"reset": "1"}, token)
    post(client, "/reviews/1", {"reviewer": "A", "decision": "deny"}, token)
    assert "We cannot approve" in post(client, "/reviews/1/send/letter/html", {}, token).text
