"""Lines of a report: wrapped without loss, with guides that continue, and no blanks at their ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bvn_asp.layout import Branch, cells, plain, table, tree, wrapped


@given(
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Mn", "Me")), max_size=80), st.integers(2, 30)
)
def test_wrapping_keeps_every_word_and_the_width(text: str, width: int) -> None:
    lines = [plain(line) for line in wrapped([(text[:7], "bold"), (text[7:], "")], width)]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert len(lines) == 1 or all(cells(line) <= width for line in lines)


def test_lines_break_between_words_and_keep_their_styles() -> None:
    lines = list(wrapped([("one two ", "bold"), ("three four", "dim")], 10))
    assert lines == [[("one two", "bold")], [("three four", "dim")]]


def test_a_word_longer_than_the_line_is_broken_and_wide_characters_count_twice() -> None:
    assert [plain(line) for line in wrapped([("abcdefgh", "")], 3)] == ["abc", "def", "gh"]
    assert [plain(line) for line in wrapped([("診断診断", "")], 5)] == ["診断", "診断"]


def test_guides_of_a_tree_continue_beside_wrapped_steps() -> None:
    branch = Branch([("root", "")], [Branch([("first step", "")], [Branch([("deep", "")])]), Branch([("last", "")])])
    assert [plain(line) for line in tree(branch, 13, indent=" ")] == [
        " root", " ├── first", " │   step", " │   └── deep", " └── last",
    ]  # fmt: skip
    assert [plain(line) for line in tree(branch, 40, boxes=False)] == [
        "root", "+-- first step", "|   `-- deep", "`-- last",
    ]  # fmt: skip


def test_the_last_column_of_a_table_is_wrapped() -> None:
    rows = [[("L3", ""), ("no reason", "")], [("L4", "red"), ("n7 (Non-Indications 7)", "")]]
    assert [plain(line) for line in table(("Body", "Refused by"), rows, 27)] == [
        "  Body   Refused by", f" {'─' * 25}", "  L3     no reason", "  L4     n7",
        "         (Non-Indications", "         7)",
    ]  # fmt: skip
