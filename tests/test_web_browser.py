"""The workbench in a real browser: whole ways through it, with the keyboard, without scripts, and for every eye."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns import sampled

sync_api = pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")

SAMPLE = Path(__file__).parent.parent / "cases" / "approve_two_bodies.yaml"
PAGES = ("/case", "/case/open", "/interview", "/policy", "/ask", "/audit", "/compare", "/reviews", "/api", "/nothing")
PATIENCE = 60_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = tmp_path_factory.mktemp("kept") / "reviews.db"
    called = [sys.executable, "-m", "bvn_asp", "serve", "--port", "0", "--no-browser", "--keep", str(kept)]
    with subprocess.Popen(called, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[^ ]+", server.stdout.readline())
        assert found
        yield found[0].rstrip("/")
        server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    yield from opened(browser, url)


def opened(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """Yield a page of a fresh session that must not complain, ask another machine, or run what a record says."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(PATIENCE)
    found = context.new_page()
    wrong: list[str] = []
    context.on("request", lambda r: None if r.url.startswith(url) else wrong.append(f"asks {r.url}"))
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    found.on("console", lambda m: wrong.append(m.text) if m.type == "error" and not expected(m.text) else None)
    found.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    yield found
    context.close()
    assert wrong == []


def expected(message: str) -> bool:
    """Tell whether the console is told no more than that a page is not there, or that a request was for nothing."""
    return "404" in message or message.startswith(("htmx:afterRequest", "htmx:sendAbort"))


def verdict(page: Any, word: str) -> None:
    page.wait_for_selector(f"#advice .verdict.{word}")


def chip(page: Any, name: str, value: str) -> Any:
    return page.locator(f'input[name="{name}"][value="{value}"]')


def open_sample(page: Any) -> None:
    page.goto("/case/open")
    page.set_input_files("#file", SAMPLE)
    page.get_by_role("button", name="Open", exact=True).click()
    verdict(page, "approve")


def test_a_reviewer_decides_a_case_and_saves_it(page: Any, tmp_path: Path) -> None:
    page.goto("/case")
    chip(page, "request.bodies", "L4").check(force=True)
    verdict(page, "pend")
    page.fill('input[name="patient.age"]', "17")
    verdict(page, "deny")
    # The reason leads to the field.
    page.locator("#why-i1 > summary").click()
    page.locator("#why-i1 a.to-field").first.click()
    assert page.evaluate("document.activeElement.closest('.field').querySelector('.value div').id") == "f-patient-age"
    page.fill('input[name="patient.age"]', "seventy")
    page.wait_for_selector("#f-patient-age-mistake:visible")
    page.fill('input[name="patient.age"]', "52")
    page.wait_for_selector("#f-patient-age-mistake", state="hidden")
    page.locator("details.menu > summary").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as YAML").click()
    assert saved.value.suggested_filename == "case.yaml"
    saved.value.save_as(tmp_path / "case.yaml")
    assert (tmp_path / "case.yaml").read_text() == "patient:\n  age: 52\nrequest:\n  bodies:\n  - L4\n"


def test_a_reviewer_goes_from_an_open_case_to_a_signed_review(page: Any) -> None:
    open_sample(page)
    page.get_by_role("button", name="Keep and sign").click()
    page.wait_for_selector("text=Sign and lock")
    page.fill('input[name="reviewer"]', "A. Reviewer")
    page.get_by_role("button", name="Sign and lock").click()
    page.wait_for_selector("h2:has-text('Amend')")
    page.goto("/reviews")
    assert "approve, A. Reviewer" in page.inner_text("main")


def test_what_would_change_it_is_found_and_applied(page: Any) -> None:
    open_sample(page)
    chip(page, "behavioral_health.recorded", "no").check(force=True)
    verdict(page, "deny")
    page.get_by_role("button", name="Find the smallest changes").click()
    page.get_by_role("button", name="Apply to this case").first.click()
    verdict(page, "approve")


def test_an_entry_is_added_and_shows_what_goes_with_its_kind(page: Any) -> None:
    page.goto("/case")
    page.get_by_role("button", name="Add finding").click()
    kind = chip(page, "findings.present[0].kind", "disc_herniation")
    kind.check(force=True)
    page.wait_for_selector('input[name="findings.present[0].size_mm"]')
    assert kind.is_checked()
    page.get_by_role("button", name="Remove this entry").click()
    page.wait_for_selector('input[name="findings.present:state"]', state="attached")


def test_an_analyst_goes_from_a_question_to_a_certificate(page: Any) -> None:
    page.goto("/ask")
    page.fill("#query", "only reason is n8")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_selector("text=No record fits")
    with page.expect_download() as saved:
        page.get_by_role("link", name="What was refuted").click()
    assert "p cnf" in Path(saved.value.path()).read_text()
    page.fill("#query", "deny and only reason is n16")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Open as a case").first.click()
    verdict(page, "deny")


def test_of_a_form_only_what_is_filled_in_is_sent(page: Any) -> None:
    open_sample(page)
    with page.expect_request("**/live") as sent:
        page.fill('input[name="patient.age"]', "17")
    body = sent.value.post_data or ""
    assert "patient.age=17" in body and "request.bodies=L4&request.bodies=L5" in body
    assert "=&" not in body and not body.endswith("=")
    verdict(page, "deny")


def test_a_case_is_stated_with_the_keyboard_alone(page: Any) -> None:
    page.goto("/case")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    reached = False
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "patient.age":
            reached = True
            break
    assert reached
    page.keyboard.type("17")
    for _ in range(600):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "request.bodies":
            break
    page.keyboard.press("Space")
    verdict(page, "deny")
    # Whoever sees the page sees where the keyboard is.
    assert page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle") == "solid"


def test_a_case_is_decided_without_scripts(browser: Any, url: str) -> None:
    for page in opened(browser, url, java_script_enabled=False):
        page.goto("/case")
        page.fill('input[name="patient.age"]', "17")
        chip(page, "request.bodies", "L4").check(force=True)
        page.get_by_role("button", name="Decide again").click()
        assert "deny" in page.inner_text(".verdict .word").lower()
        assert page.input_value('input[name="patient.age"]') == "17"
        for address in PAGES:
            page.goto(address)
            assert page.inner_text("main").strip()


def test_going_back_two_tabs_and_a_reload_lose_nothing(page: Any) -> None:
    page.goto("/case")
    page.fill('input[name="patient.age"]', "17")
    chip(page, "request.bodies", "L4").check(force=True)
    verdict(page, "deny")
    other = page.context.new_page()
    other.goto("/case/new")
    other.fill('input[name="patient.age"]', "60")
    chip(other, "request.bodies", "L4").check(force=True)
    verdict(other, "pend")
    page.reload()
    verdict(page, "deny")
    assert page.input_value('input[name="patient.age"]') == "17"
    page.goto("/policy")
    page.go_back()
    verdict(page, "deny")
    assert page.input_value('input[name="patient.age"]') == "17"


def test_an_interview_ends_as_soon_as_it_is_settled(page: Any) -> None:
    page.goto("/interview")
    chip(page, "request.bodies", "L4").check(force=True)
    page.locator("button.main", has_text="Answer").click()
    page.fill('input[name="patient.age"]', "17")
    page.locator("button.main", has_text="Answer").click()
    page.wait_for_selector("text=Settled after 2 questions")


def test_what_a_record_says_is_never_run(page: Any) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    page.goto("/case")
    page.fill('textarea[name="story"]', hostile)
    page.fill('input[name="patient.age"]', hostile)
    page.fill('input[name="request.bodies:other"]', hostile)
    page.wait_for_selector("#advice .card.wrong")
    page.reload()
    assert page.input_value('textarea[name="story"]') == hostile
    page.wait_for_timeout(300)


@pytest.mark.parametrize("address", PAGES)
def test_no_page_is_wider_than_its_window(page: Any, address: str) -> None:
    for width in (320, 768, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


@pytest.mark.parametrize(
    ("scheme", "pages"), sampled([("light", ("/case", "/ask", "/reviews")), ("light", PAGES), ("dark", PAGES)], 0)
)
def test_every_page_can_be_used_by_everybody(browser: Any, url: str, scheme: str, pages: tuple[str, ...]) -> None:
    pytest.importorskip("axe_playwright_python")
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    for page in opened(browser, url, color_scheme=scheme):
        found: list[str] = []

        def check(name: str, page: Any = page, found: list[str] = found) -> None:
            page.evaluate(axe)
            violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            found += [
                f"{name}: {item['id']} {item['nodes'][0]['html'][:200]} {item['nodes'][0]['failureSummary'][:200]}"
                for item in violations if item["impact"] in ("serious", "critical")
            ]  # fmt: skip

        for address in pages:
            page.goto(address)
            check(address)
        open_sample(page)
        chip(page, "behavioral_health.recorded", "no").check(force=True)
        verdict(page, "deny")
        page.get_by_role("button", name="Find the smallest changes").click()
        page.wait_for_selector(".proposal")
        check("a case that is denied")
        page.locator("details.menu > summary").click()
        page.get_by_role("button", name="Keep and sign").click()
        page.wait_for_selector("text=Sign and lock")
        check("a review")
        page.goto("/ask?query=deny+and+only+reason+is+n16")
        page.get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_selector(".hit")
        check("answers")
        assert found == []
