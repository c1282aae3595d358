"""Pages and drawings: everything is escaped, nothing is loaded from elsewhere, and a missing name is an error."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest
from jinja2 import DictLoader, UndefinedError

from bvn_asp.analysis.audit import Audit, Finding
from bvn_asp.policy.loading import shipped_policy
from bvn_asp.report import audit as audit_report
from bvn_asp.report import pages

pytest.importorskip("pyarrow")
from bvn_asp.batch.impact import Impact
from bvn_asp.report import impact as impact_report
from bvn_asp.report.charts import bars, combinations

HOSTILE = '<script>alert("&")</script>\u202e\x1b[31m'
VOID = ("meta", "br", "rect", "circle", "line")


class Checker(HTMLParser):
    """Keeps the tags of a page and checks that each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen, self._open, self.words = Counter[str](), list[str](), ""
        self.feed(str(page))
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        assert not {name for name, _ in attrs} & {"src", "href", "onclick", "onload"}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def made() -> dict[str, str]:
    finding = Finding("uncited", (HOSTILE,), HOSTILE)
    audit = Audit(shipped_policy(), (finding,), {"form": 1}, (), accepted={finding.key: HOSTILE})
    found = Impact(moves=Counter({("approve", "deny"): 2}), examples={("approve", "deny"): [(1, HOSTILE)]})
    found.before.missing[HOSTILE] = 3
    found.before.together[HOSTILE, "n5"] = 3
    return {
        "audit": audit_report.html(audit),
        "impact": impact_report.page(found, shipped_policy(), [HOSTILE], {("deny", "approve")}),
    }


@pytest.mark.parametrize("name", ["audit", "impact"])
def test_every_page_escapes_what_a_browser_would_obey(name: str) -> None:
    page = made()[name]
    checked = Checker(page)
    assert not checked.seen["script"] and "<script>" in checked.words
    assert "\u202e" not in page and "\x1b" not in page and "\\u202e\\u001b[31m" in page
    assert checked.seen["html"] == checked.seen["h1"] == 1


def test_bars_are_as_long_as_their_counts_and_name_them() -> None:
    drawn = bars("Title", ["a", "b" * 80], {"before": [1000, 500], "after": [0, 250]})
    checked = Checker(drawn)
    assert checked.seen["rect"] == 4 + 2 and "1,000" in checked.words and f"{'b' * 49}…" in checked.words
    lengths = [float(part.split('"')[0]) for part in drawn.split(' width="')[2:6]]
    assert lengths[1] == pytest.approx(lengths[0] / 2, abs=0.1) and lengths[2] == 0
    assert Checker(bars("None", ["a"], {"before": [0]})).seen["rect"] == 1


def test_combinations_have_a_column_each_and_a_dot_for_each_name() -> None:
    checked = Checker(combinations("Title", {("n5", "n4"): 3, ("n5",): 2}))
    assert checked.seen["rect"] == 2 and checked.seen["circle"] == 4 and "n5 (5)" in checked.words


def test_what_is_not_drawn_is_counted() -> None:
    found = Impact(moves=Counter({("pend", "pend"): 1}))
    found.before.missing.update({f"fact {number}": 100 - number for number in range(impact_report.MOST_BARS + 3)})
    assert "3 more are not drawn" in impact_report.page(found, shipped_policy(), [], None)


def test_a_name_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.environment(pages._printed), "loader", DictLoader({"a": "{{ nothing }}"}))
    with pytest.raises(UndefinedError):
        pages.rendered("a")
