"""What a case file may write as a value, by the form of its field: every reader says what it expected and what it got.

A reader returns what a value leaves possible, or raises ValueError.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from bvn_asp.errors import MOST_REPEATED, refused
from bvn_asp.record.statements import DECIMALS, GRAIN, NOT_MEASURED, Possible, Range, Unmeasured, text_pattern
from bvn_asp.record.synonyms import suggestions

Reader = Callable[[Any], Possible]
"""Makes of a plain value what it leaves possible."""


# --- answers -----------------------------------------------------------------------------------------------------

_YES, _NO = ("yes", "true"), ("no", "false")


def answer(value: Any, name: str = "") -> bool:
    """Read yes or no, as a truth value or as a word."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError(f"{f'{name}: ' if name else ''}expected yes, no or unknown{refused(value)}")


# --- numbers -----------------------------------------------------------------------------------------------------

_N = r"([-+]?[0-9]+(?:\.[0-9]+)?)"
_NUMBER = re.compile(_N)
_BEFORE = {
    "low": ("at least", ">=", "\u2265"), "above": ("more than", "greater than", "over", "above", ">"),
    "high": ("at most", "up to", "<=", "\u2264"), "below": ("less than", "fewer than", "under", "below", "<"),
}  # fmt: skip
"""Words before a number that make it a bound, by what they say of it."""
_AFTER = {
    "low": ("or more", "or above", "or over", "or higher", "or later"),
    "high": ("or less", "or below", "or under", "or lower", "or fewer"),
}
_BOUNDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        *((rf"(?:{'|'.join(words)})\s*{_N}", form) for form, words in _BEFORE.items()),
        *((rf"{_N}\s*(?:{'|'.join(words)})", form) for form, words in _AFTER.items()),
        (rf"(?:between\s+)?{_N}\s+(?:to|and)\s+{_N}", "range"),
    )
)


NUMBER_PATTERN = text_pattern(
    (word for words in _BEFORE.values() for word in words),
    (word for words in _AFTER.values() for word in words),
    r"[-+]?[0-9]+(\.[0-9]+)?",
    r"([Bb]etween\s+)?",
)
"""The texts that are read as a number or as bounds of one, for a JSON Schema."""


def number(low: int, high: int, *, measured: bool = False) -> Reader:
    """Return the reader of a number from `low` to `high`: exact, or as a bound; `measured` if a test gives it."""

    def read(value: Any) -> Possible:
        if isinstance(value, bool | float) or not isinstance(value, int | str | Decimal):
            raise ValueError(f"expected a number, such as 12 or at least 12{refused(value)}")
        text = " ".join(str(value).split())
        if measured and text.lower().replace("_", " ") == NOT_MEASURED:
            return Unmeasured()
        if _NUMBER.fullmatch(text):
            amount = _amount(text, low, high)
            return Range(amount, amount)
        found = _bound(text, low, high)
        if found is None:
            raise ValueError(
                "expected a plain decimal number, such as 12 or 12.5, or a bound: at least 12, more than 12, at most"
                f" 12, less than 12, 10 to 12{refused(value)}"
            )
        if (found.low is not None and found.low > high) or (found.high is not None and found.high < low):
            raise ValueError(f"leaves no number from {low} to {high} possible{refused(value)}")
        return found

    return read


def _bound(text: str, low: int, high: int) -> Range | None:
    for pattern, form in _BOUNDS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        amounts = [_amount(part, low, high) for part in match.groups()]
        if form == "range":
            if amounts[0] > amounts[1]:
                raise ValueError(f"nothing lies from {amounts[0]} to {amounts[1]}: the lower number comes first")
            return Range(*amounts)
        first = amounts[0]
        one: dict[str, Range] = {
            "low": Range(first, None), "above": Range(first + GRAIN, None),
            "high": Range(None, first), "below": Range(None, first - GRAIN),
        }  # fmt: skip
        return one[form]
    return None


def _amount(text: str, low: int, high: int) -> Decimal:
    if len(text) > MOST_REPEATED:
        raise ValueError(f"too many digits{refused(text)}")
    # A negative zero is zero.
    amount = Decimal(text) + 0
    if not low <= amount <= high:
        raise ValueError(f"expected a number from {low} to {high}, not {text}")
    if amount != round(amount, DECIMALS):
        raise ValueError(f"too many digits: at most {DECIMALS} decimal places{refused(text)}")
    return amount


# --- words -------------------------------------------------------------------------------------------------------


def choice(options: Sequence[str], groups: dict[str, tuple[str, ...]] | None = None) -> Reader:
    """Return the reader of one of `options`, or of several: `moderate or severe`, `not severe`.

    `groups` are words for several options, such as `present`.
    """

    def read(value: Any) -> Possible:
        if not isinstance(value, str):
            # A plain yes or no of YAML where the field asks for a word.
            raise ValueError(f"expected {', '.join(options)} or unknown{refused(value)}")
        text = value.strip()
        named = groups or {}
        excluded = text.lower().startswith("not ") and text not in options
        found: list[str] = []
        for part in re.split(r"\s+or\s+|\s*,\s*", text[4:] if excluded else text):
            if part not in options and part not in named:
                raise ValueError(_no_option(part, options, named))
            found += named.get(part, (part,))
        left = [option for option in options if (option in found) != excluded]
        if not left:
            raise ValueError(f"leaves none of {', '.join(options)} possible{refused(value)}")
        return tuple(left)

    return read


def _no_option(part: str, options: Sequence[str], groups: Iterable[str]) -> str:
    words = [*options, *groups]
    meant = suggestions(part, words)
    hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
    return f"expected {', '.join(words)} or unknown{refused(part)}{hint}"


def names(one: Callable[[str], str]) -> Reader:
    """Return the reader of one name or a list of names, each read by `one`; an empty list is refused."""

    def read(value: Any) -> Possible:
        items = list(value) if isinstance(value, list | tuple) else [value]
        if not items:
            raise ValueError("the list is empty and says nothing; leave it out, or write unknown, if it is not known")
        found = tuple(one(_word(item)) for item in items)
        if len(set(found)) < len(found):
            raise ValueError(
                f"the same one is named twice: {', '.join(sorted({n for n in found if found.count(n) > 1}))}"
            )
        return found

    return read


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text{refused(value)}")
    return value


def listed(options: Sequence[str]) -> Callable[[str], str]:
    """Return the reader of one name out of `options`."""

    def one(text: str) -> str:
        if text not in options:
            raise ValueError(_no_option(text, options, ()))
        return text

    return one


def free_text(most: int) -> Reader:
    """Return the reader of free text of at most so many characters."""

    def read(value: Any) -> Possible:
        text = sound_text(value)
        if len(text) > most:
            raise ValueError(f"expected at most {most:,} characters, not {len(text):,}")
        return text

    return read


def sound_text(value: Any) -> str:
    """Return text, or a plain number as text."""
    text = str(value)
    if not isinstance(value, str | int | Decimal | datetime.date) or isinstance(value, bool):
        raise ValueError(f"expected text{refused(value)}")
    if isinstance(value, Decimal) and not _NUMBER.fullmatch(text):
        raise ValueError(f"expected text{refused(value)}")
    if re.search("[\ud800-\udfff]", text):
        raise ValueError("expected text, but it holds half of a character (a lone surrogate)")
    return text
