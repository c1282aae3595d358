"""Small pieces of text: without what a terminal or a browser would obey, and with their number."""

from __future__ import annotations


def safe(text: str) -> str:
    """Return `text` with every character that could move a cursor, reorder or hide text written out."""
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    return "".join(
        c if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029" else f"\\u{ord(c):04x}" for c in text
    )


def safe_lines(text: str) -> str:
    """Return `text` made safe line by line: its own line breaks stay."""
    return "\n".join(map(safe, text.split("\n")))


def number_of(count: int, what: str) -> str:
    """Return `count` of `what`, a noun in the singular, in words."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count} {what if count == 1 else plural}"
