"""Where reports are printed: wrapped without loss, with guides that continue, and no blanks at their ends."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from rich.tree import Tree

from bvn_asp.report.page import Page, indented, table


@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=80), st.integers(4, 30))
def test_wrapping_keeps_every_word_and_the_width(text: str, width: int) -> None:
    lines = Page(width).text([Text(text)]).splitlines()
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(Text(line).cell_len <= width for line in lines)


def test_a_word_longer_than_the_line_is_broken_and_wide_characters_count_twice() -> None:
    assert Page(3).text([Text("abcdefgh")]) == "abc\ndef\ngh\n"
    assert Page(5).text([Text("診断診断")]) == "診断\n診断\n"


def test_guides_of_a_tree_continue_beside_wrapped_steps() -> None:
    top = Tree("root")
    top.add("first step").add("deep")
    top.add("last")
    assert Page(13).text([indented(top, 1)]).splitlines() == [
        " root", " ├── first", " │   step", " │   └── deep", " └── last",
    ]  # fmt: skip


def test_what_the_output_cannot_encode_is_drawn_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    top = Tree("root")
    top.add("first").add("deep")
    top.add("last")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert Page().text([top]).splitlines() == ["root", "+-- first", "|   `-- deep", "`-- last"]


def test_the_last_column_of_a_table_is_wrapped() -> None:
    made = table("Body", "Refused by")
    made.add_row("L3", "no reason")
    made.add_row("L4", "n7 (Non-Indications 7)")
    assert Page(27).text([made]).splitlines() == [
        "", "  Body   Refused by", f" {'─' * 25}", "  L3     no reason", "  L4     n7",
        "         (Non-Indications", "         7)", "",
    ]  # fmt: skip


def test_the_rest_of_a_long_line_hangs_further_in() -> None:
    page = Page(30)
    assert page.text([page.hanging("  - one two three four five six seven\nsix")]).splitlines() == [
        "  - one two three four", "      five six seven", "six",
    ]  # fmt: skip


def test_nothing_in_a_text_is_taken_for_markup() -> None:
    page = Page(80)
    assert page.text([page.hanging("[bold red]x[/] :smile: \x1b[31m")]) == "[bold red]x[/] :smile: \\u001b[31m\n"


def test_output_that_is_no_terminal_is_wide_and_as_wide_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert Page().width == 120
    monkeypatch.setenv("COLUMNS", "150")
    assert Page().width == 150
    monkeypatch.setenv("COLUMNS", "40")
    assert Page().width == 120
