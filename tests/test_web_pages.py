"""The pages of the workbench: what each shows, with scripts and without, and where its buttons lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bvn_asp.policy.loading import shipped_policy
from bvn_asp.record.files import load_case, read_case
from bvn_asp.record.writing import plain_content, yaml_text
from bvn_asp.web.fields import values_of
from tests.web import csrf_of, new_case, open_file, post, workbench

SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


@pytest.fixture(scope="module")
def values() -> dict[str, tuple[str, ...]]:
    return values_of(plain_content(load_case(SAMPLE)))


def word(text: str) -> str:
    found = re.search(r'class="word"[^>]*>.*?</span>\s*([a-z ]+)\s*</p>', text, re.DOTALL)
    return found[1].strip() if found else ""


def test_a_new_case_has_an_address_of_its_own_and_says_nothing_yet(client: Any) -> None:
    first, second = new_case(client)[0], new_case(client)[0]
    assert first != second and re.fullmatch(r"/case/[A-Za-z0-9_-]{24}", first)
    assert "Nothing is stated yet" in client.get(first).text


def test_the_recommendation_follows_what_is_typed(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    assert word(post(client, f"{path}/live", {"request.bodies": "L4"}, token, part=True).text) == "pend"
    assert word(post(client, f"{path}/live", values, token, part=True).text) == "approve"
    denied = post(client, f"{path}/live", {**values, "patient.age": "17"}, token, part=True).text
    assert word(denied) == "deny"
    assert "Indications 1" in denied and 'href="#f-patient-age"' in denied
    assert "human reviewer" in denied


def test_a_mistake_is_marked_beside_its_field_and_the_mark_goes_when_it_is_mended(client: Any) -> None:
    path, token = new_case(client)
    wrong = post(client, f"{path}/live", {"request.bodies": "L4", "patient.age": "x"}, token, part=True).text
    assert re.search(r'id="f-patient-age-mistake" hx-swap-oob="true">expected a plain decimal number', wrong)
    assert word(wrong) == "pend" and "decided as if this were unknown" in wrong
    right = post(client, f"{path}/live", {"request.bodies": "L4", "patient.age": "52"}, token, part=True).text
    assert '<p class="mistake" id="f-patient-age-mistake" hx-swap-oob="true"></p>' in right


def test_without_scripts_the_form_is_sent_by_a_button_and_stays_after_a_reload(client: Any) -> None:
    path, token = new_case(client)
    sent = {"patient.age": "17", "request.bodies": "L4", "story": "a\nb", "do": "update"}
    shown = post(client, path, sent, token)
    assert shown.url.path == path and word(shown.text) == "deny"
    again = client.get(path).text
    assert 'name="patient.age" value="17"' in again and "a\nb</textarea>" in again
    assert '<script src="/static/htmx.min.js" defer></script>' in again


def test_two_tabs_do_not_mix_and_a_restart_brings_nothing_up_but_what_is_sent_again(client: Any) -> None:
    (one, token), (other, _) = new_case(client), new_case(client)
    post(client, f"{one}/live", {"patient.age": "17"}, token, part=True)
    post(client, f"{other}/live", {"patient.age": "60"}, token, part=True)
    assert 'value="17"' in client.get(one).text and 'value="17"' not in client.get(other).text
    with workbench() as fresh:
        assert 'value="17"' not in fresh.get(one).text
        token = csrf_of(fresh.get(one).text)
        post(fresh, f"{one}/live", {"patient.age": "17"}, token, part=True)
        assert 'value="17"' in fresh.get(one).text


def test_entries_and_nothing_else_are_a_button_each_with_scripts_and_without(client: Any) -> None:
    path, token = new_case(client)
    part = post(client, f"{path}/part", {"do": "add:surgeries"}, token, part=True)
    assert part.headers["hx-trigger-after-settle"] == "refresh"
    assert 'name="surgeries[0]:here"' in part.text and "<!doctype" not in part.text
    whole = post(client, path, {"surgeries[0]:here": "1", "do": "whole:surgeries"}, token)
    assert 'aria-pressed="true"' in whole.text.split('id="section-surgeries"')[1].split("</button>")[0]
    assert str(whole.url).endswith("#section-surgeries") or whole.url.path == path


def test_details_of_a_finding_go_with_its_kind(client: Any) -> None:
    path, token = new_case(client)
    sent = {"findings.present[0]:here": "1", "findings.present[0].kind": "disc_herniation",
            "do": "show:findings.present[]"}  # fmt: skip
    shown = post(client, f"{path}/part", sent, token, part=True).text
    assert "findings.present[0].size_mm" in shown and "findings.present[0].slip_mm" not in shown


def test_a_case_is_saved_and_opened_again(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    content = plain_content(load_case(SAMPLE))
    for form, is_json in (("yaml", False), ("json", True)):
        saved = post(client, f"{path}/save/{form}", values, token)
        assert saved.status_code == 200 and saved.headers["cache-control"] == "no-store"
        assert plain_content(read_case(saved.content, is_json=is_json)) == content
        opened = open_file(client, saved.content, f"x.{form}")
        assert opened.url.path.startswith("/case/") and word(opened.text) == "approve"
    refused = post(client, f"{path}/save/yaml", {"patient.age": "x"}, token)
    assert refused.status_code == 422 and "patient.age" in refused.text


def test_of_several_cases_each_is_opened(client: Any) -> None:
    several = yaml_text({"cases": {"one": {"patient": {"age": 17}}, "two": {"patient": {"age": 60}}}})
    shown = open_file(client, several.encode())
    links = re.findall(r'href="(/case/[A-Za-z0-9_-]{24})">(\w+)<', shown.text)
    assert [name for _, name in links] == ["one", "two"]
    assert 'value="60"' in client.get(links[1][0]).text


def test_a_file_with_mistakes_is_told_where_they_are(client: Any) -> None:
    shown = open_file(client, b"patient:\n  age: many\n  aeg: 5\n")
    assert shown.status_code == 422
    assert "Line 2" in shown.text and "patient.age" in shown.text and "Line 3" in shown.text
    assert open_file(client, b"based_on: other.yaml\n").status_code == 422
    assert open_file(client, b"").status_code == 422


def test_what_would_change_it_is_applied_by_a_button(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    denied = {**values, "patient.body_mass_index": "41"}
    post(client, path, denied, token)
    page = post(client, f"{path}/whatif", {"wanted": "approve"}, token).text
    assert "<!doctype html>" in page and "stands in the way" in page
    part = post(client, f"{path}/whatif", {**values, "behavioral_health.recorded": "no", "wanted": "approve"}, token,
                part=True).text  # fmt: skip
    assert "1 change" in part and "then <em>approve" in part and 'href="#f-behavioral_health-recorded"' in part
    applied = post(client, f"{path}/apply", {"proposal": "0"}, token)
    assert word(applied.text) == "approve"
    assert post(client, f"{path}/apply", {"proposal": "0"}, token).status_code == 409


def test_a_reading_is_switched_for_the_session_and_every_page_says_so(client: Any) -> None:
    with workbench() as own:
        token = csrf_of(own.get("/policy").text)
        shown = post(own, "/readings", {"reading": "modic_scope=same_body", "back": "/policy"}, token)
        assert "Read otherwise than by default" in shown.text
        for page in ("/case", "/interview", "/policy", "/ask", "/audit", "/compare", "/reviews"):
            assert "Read otherwise than by default" in own.get(page).text, page
        assert post(own, "/readings", {"reading": "modic_scope=nonsense"}, token).status_code == 422
        assert "Read otherwise" not in post(own, "/readings", {"reset": "1"}, token).text
        own.cookies.set("bvn_readings", "modic_scope=nonsense&x=y&%3Cscript%3E=1")
        assert own.get("/policy").status_code == 200


def test_the_questions_on_which_a_case_depends_are_switches(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    sent = {**values, "conditions.t_score": "", "conditions.osteoporosis_diagnosed": "yes"}
    found = post(client, f"{path}/depends", sent, token, part=True).text
    question = shipped_policy().questions["osteoporosis"]
    assert question.text in found and 'value="osteoporosis=' in found


def test_the_next_question_leads_to_its_field(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    sent = {name: text for name, text in values.items() if name != "conditions.pregnancy"}
    found = post(client, f"{path}/next", sent, token, part=True).text
    assert 'href="#f-conditions-pregnancy"' in found and "approve" in found and "deny" in found


def test_an_interview_asks_until_nothing_can_change_the_answer(client: Any) -> None:
    page = client.get("/interview")
    path, token = page.url.path, csrf_of(page.text)

    def say(values: dict[str, Any], do: str = "answer") -> Any:
        shown = client.get(path).text
        place = re.search(r'name="place" value="([^"]*)"', shown)
        fields = re.findall(r'name="field" value="([^"]*)"', shown)
        return client.post(path, data={**values, "csrf": token, "do": do, "place": place[1] if place else "",
                                       "words": "w", "field": fields})  # fmt: skip

    assert "What is requested" in page.text
    assert "choose an answer" in say({}).text
    second = say({"request.bodies": ["L4", "L5"], "patient.age": "17"})
    # Only what was asked is taken from an answer.
    assert "Age at the procedure" in second.text and 'value="17"' not in second.text
    assert "expected a plain decimal number" in say({"patient.age": "many"}).text
    passed = say({}, "skip")
    assert "Body mass index" in passed.text and "passed over" in passed.text
    back = say({}, "back")
    assert "Age at the procedure" in back.text
    settled = say({"patient.age": "17"})
    assert "Settled after 2 questions" in settled.text and "deny" in settled.text and "Indications 1" in settled.text
    assert "Age at the procedure" in say({}, "back").text


def test_the_policy_has_an_article_for_every_item_and_a_switch_for_every_option(client: Any) -> None:
    policy = shipped_policy()
    shown = client.get("/policy").text
    for clause in policy.clauses.values():
        assert f'id="{clause.id}"' in shown
    for question in policy.questions.values():
        for option in question.options:
            assert f'value="{question.id}={option}"' in shown
    rules = client.get("/policy/rules/i2").text
    assert "unmet(i2) :- no(low_back_pain)." in rules.replace("&#39;", "'") and "clause(i3," not in rules


def test_open_questions_stand_with_the_items_that_they_are_about() -> None:
    from bvn_asp.web.articles import articles, names

    policy = shipped_policy()
    found = {article.clause.id: [question.id for question in article.questions]
             for section in articles(policy).values() for article in section}  # fmt: skip
    assert "correlation_scope" in found["n11"] and "correlation_scope" not in found["n14"]
    assert "course_moment" in found["i2"] and "course_moment" in found["i3"]
    assert {question for questions in found.values() for question in questions} == set(policy.questions)
    assert names("Non-Indications 8, 14, 15 and 22", policy.clauses["n15"])
    assert not names("Non-Indications 8, 14, 15 and 22", policy.clauses["i8"])


def test_a_question_finds_records_that_open_as_cases_and_proofs_with_their_formula(client: Any) -> None:
    token = csrf_of(client.get("/ask").text)
    found = post(client, "/ask", {"query": "deny and only reason is n16", "kind": "find"}, token)
    assert "deny; fails n16" in found.text
    name = re.search(r'action="/ask/([^/]+)/open"', found.text)
    assert name
    opened = post(client, f"/ask/{name[1]}/open", {"answer": "0"}, token)
    assert opened.url.path.startswith("/case/") and word(opened.text) == "deny"
    none = post(client, "/ask", {"query": "only reason is n8", "kind": "find"}, token, part=True)
    assert "No record fits" in none.text and "n14" in none.text and "--" not in re.sub(r"<!--.*?-->", "", none.text)
    link = re.search(r'href="(/ask/[^"]+/certificate)"', none.text)
    assert link and "p cnf" in client.get(link[1]).text
    proved = post(client, "/ask", {"query": "i1 unmet => n1 violated", "kind": "prove"}, token)
    assert "It holds of every record" in proved.text


def test_a_mistake_in_a_question_is_pointed_at(client: Any) -> None:
    token = csrf_of(client.get("/ask").text)
    wrong = post(client, "/ask", {"query": "only reasn is n8", "kind": "find"}, token, part=True)
    assert "At column 6" in wrong.text and "did you mean reason?" in wrong.text
    words = post(client, "/ask/words", {"query": "deny and n1"}, token, part=True)
    assert 'data-word="n16"' in words.text


@pytest.fixture(params=["partial", pytest.param("whole", marks=pytest.mark.slow)])
def auditing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a workbench that audits as always, or in this process and makes a few checks only."""
    import asyncio

    from bvn_asp.analysis import audit
    from bvn_asp.web.jobs import JOBS
    from bvn_asp.web.workers import Workers

    async def here(_: Workers, job: str, arguments: dict[str, Any], **__: Any) -> Any:
        return await asyncio.to_thread(JOBS[job], **arguments)

    if request.param == "partial":
        monkeypatch.setattr(audit, "CHECKS", {name: audit.CHECKS[name] for name in ("lists", "limits", "text")})
        monkeypatch.setattr(Workers, "run", here)
    with workbench() as found:
        yield found


def test_the_audit_is_run_once_and_its_records_open_as_cases(auditing: Any) -> None:
    import time

    client = auditing
    token = csrf_of(client.get("/audit").text)
    assert "The audit is under way" in post(client, "/audit", {"do": "begin"}, token).text
    until = time.monotonic() + 240
    while "under way" in client.get("/audit/progress").text and time.monotonic() < until:
        time.sleep(0.5)
    shown = client.get("/audit").text
    assert "As it is read by default, the criteria do not contradict each other" in shown
    record = re.search(r'name="finding" value="(\d+)"><input type="hidden" name="witness" value="(\d+)"', shown)
    assert record
    opened = post(client, "/audit/open", {"finding": record[1], "witness": record[2]}, token)
    assert opened.url.path.startswith("/case/")
    proof = re.search(r'href="(/audit/certificates/[^"]+)"', shown)
    assert proof and "p cnf" in client.get(proof[1]).text
    assert client.get("/audit/certificates/..%2f..%2fpolicy.lp").status_code == 404
    assert 'href="/audit#finding-' in client.get("/policy").text
    post(client, "/readings", {"reset": "1"}, token)


def test_two_variants_stand_side_by_side_with_what_differs(client: Any, values: dict[str, tuple[str, ...]]) -> None:
    path, token = new_case(client)
    copied = post(client, path, {**values, "do": "copy"}, token)
    assert "They state the same so far" in copied.text
    other = copied.url.path.rpartition("/")[2]
    post(client, f"/case/{other}/live", {**values, "patient.age": "17"}, token, part=True)
    shown = client.get(copied.url.path).text
    assert "patient.age" in shown and ">52<" in shown and ">17<" in shown and "deny" in shown and "approve" in shown


def test_a_change_of_reading_is_compared_over_records_and_over_cases(client: Any) -> None:
    token = csrf_of(client.get("/compare").text)
    nothing = post(client, "/compare/policies", {}, token)
    assert nothing.status_code == 422 and "nothing to compare with" in nothing.text
    several = yaml_text({"cases": {"minor": {"patient": {"age": 17}, "request": {"bodies": ["L4"]}}, "open": {}}})
    moved = client.post(
        "/compare/impact", data={"csrf": token, "reading": "body_range=unrestricted"},
        files={"cases": ("c.yaml", several.encode())},
    )  # fmt: skip
    assert "0 of 2 cases are decided otherwise" in moved.text


def test_a_policy_from_outside_is_refused_if_it_is_none_or_unsafe(client: Any) -> None:
    token = csrf_of(client.get("/compare").text)
    for program in (b"#script (python) def f(): pass #end.", b'#include "/etc/passwd".', b"a :- not a.", b"\xff\xfe"):
        refused = client.post("/compare/policies", data={"csrf": token}, files={"policy": ("x.lp", program)})
        assert refused.status_code == 422, program
        assert "root:" not in refused.text


def test_a_page_that_is_not_there_is_said_to_be_so(client: Any) -> None:
    for path in ("/nothing", "/case/short", "/case/x/save/pdf", "/static/../app.py", "/interview/!"):
        assert client.get(path).status_code in (404, 405), path
    missing = client.get("/nothing")
    assert "text/html" in missing.headers["content-type"] and missing.text.count("Not Found") == 2  # title, heading
    assert client.get("/api/nothing").headers["content-type"] == "application/problem+json"


def test_of_what_is_typed_while_a_decision_waits_only_the_latest_is_decided(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    from bvn_asp.web import decided
    from bvn_asp.web.reading import read_form

    path, token = new_case(client)
    held, read = threading.Event(), []

    def slow(values: Any) -> Any:
        read.append(values["patient.age"][0])
        held.wait(30)
        return read_form(values)

    monkeypatch.setattr(decided, "read_form", slow)
    with ThreadPoolExecutor(3) as pool:
        sent = []
        for age in ("1", "17", "18"):
            values = {"patient.age": age, "request.bodies": "L4"}
            sent.append(pool.submit(post, client, f"{path}/live", values, token, part=True))
            time.sleep(0.5)
        held.set()
        answers = [item.result() for item in sent]
    assert [answer.status_code for answer in answers] == [200, 204, 200]
    assert read == ["1", "18"] and word(answers[2].text) == "pend"


def test_the_first_box_says_which_criteria_are_not_satisfied(client: Any) -> None:
    path, token = new_case(client)
    asked = {"request.bodies": "L4", "patient.age": "17"}
    denied = post(client, f"{path}/live", asked, token, part=True).text.partition('class="because"')[2]
    assert 'href="#why-i1"' in denied.partition("</ul>")[0] and 'href="#why-n1"' in denied.partition("</ul>")[0]
    assert 'class="because"' not in post(client, f"{path}/live", asked | {"patient.age": "52"}, token, part=True).text
