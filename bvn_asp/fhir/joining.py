"""The statements of many resources as one case: each field once, with all that state it, or open if they disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bvn_asp.fhir.stating import LeftOut, Statement
from bvn_asp.record.field import Field
from bvn_asp.record.forms import MOST_ITEMS, reader
from bvn_asp.record.statements import MOST_DOCUMENTS, Range
from bvn_asp.record.table import TABLE

Joined = tuple[dict[str, Any], list[Statement], list[LeftOut]]
MASS_INDEX, MASS_INDEX_DATE = "patient.body_mass_index", "patient.body_mass_index_date"


def joined(statements: Iterable[Statement]) -> Joined:
    """Return the content of a case file with what `statements` say, those that it rests on, and those left out."""
    groups: dict[str, list[Statement]] = {}
    left: list[LeftOut] = []
    for statement in statements:
        wrong = _wrong(statement)
        if wrong:
            left.append(LeftOut(statement.source, wrong))
        else:
            groups.setdefault(statement.field, []).append(statement)
    content: dict[str, Any] = {}
    used: list[Statement] = []
    for row in TABLE.fields:
        if row.path not in groups:
            continue
        if row.entry:
            kept, dropped = _entries(content, row, groups[row.path])
        else:
            kept, dropped = _field(content, row, groups[row.path])
        used += kept
        left += dropped
    return content, used, left


def _wrong(statement: Statement) -> str:
    """Return why a statement is none that a field takes, such as a number out of its range; empty if it is one."""
    entry = statement.field.rpartition(".")[0]
    for path, value in ((statement.field, statement.value), *((f"{entry}.{name}", v) for name, v in statement.more)):
        row = TABLE.by_path[path]
        if value == "unknown":
            continue
        try:
            reader(row)(_plain(value))
        except ValueError as error:
            return f"{path}: {error}"
    return ""


def _field(content: dict[str, Any], row: Field, group: list[Statement]) -> tuple[list[Statement], list[LeftOut]]:
    """State a field that stands once: the newest measurement of those that age, and no bound that says less."""
    kept, dropped = _newest(group)
    if row.form == "number":
        kept, weaker = _narrowest(row, kept)
        dropped += weaker
    kept, more = kept[:MOST_DOCUMENTS], kept[MOST_DOCUMENTS:]
    dropped += [LeftOut(each.source, f"{row.path}: {MOST_DOCUMENTS} others say so already") for each in more]
    _put(content, row.path, _documented([(each.value, each.document) for each in kept]))
    days = {each.date for each in kept if each.newest}
    if row.path == MASS_INDEX and len(days) == 1 and "" not in days and all(each.newest for each in kept):
        _put(content, MASS_INDEX_DATE, _documented([(each.date, each.document) for each in kept]))
    return kept, dropped


def _newest(group: list[Statement]) -> tuple[list[Statement], list[LeftOut]]:
    """Return the statements without measurements that are older than another, if all of these have a plain date."""
    dates = [each.date for each in group if each.newest]
    if not dates or any(not date or " " in date for date in dates):
        return group, []
    last = max(dates)
    # A year may hold a later day than a day of that year.
    older = [each for each in group if each.newest and each.date < last and not last.startswith(each.date)]
    return (
        [each for each in group if each not in older],
        [LeftOut(each.source, f"{each.field}: {each.value} is older than another measurement") for each in older],
    )


def _narrowest(row: Field, group: list[Statement]) -> tuple[list[Statement], list[LeftOut]]:
    """Return the statements of a number without bounds that say less than another statement."""
    read = reader(row)
    ranges = [read(each.value) if each.value != "unknown" else None for each in group]
    kept: list[Statement] = []
    weaker: list[LeftOut] = []
    for each, own in zip(group, ranges, strict=True):
        if any(_says_more(other, own) for other in ranges):
            weaker.append(LeftOut(each.source, f"{each.field}: another statement says more than {each.value}"))
        else:
            kept.append(each)
    return kept, weaker


def _says_more(one: Any, other: Any) -> bool:
    """Tell whether range `one` lies within range `other`, and is not the same."""
    if not isinstance(one, Range) or not isinstance(other, Range) or one == other:
        return False
    low = other.low is None or (one.low is not None and one.low >= other.low)
    high = other.high is None or (one.high is not None and one.high <= other.high)
    return low and high


def _entries(content: dict[str, Any], row: Field, group: list[Statement]) -> tuple[list[Statement], list[LeftOut]]:
    """State the entries of a list; resources that say the same are documents of one entry."""
    alike: dict[tuple[Any, ...], list[Statement]] = {}
    for statement in group:
        alike.setdefault((statement.value, *statement.more), []).append(statement)
    kept: list[Statement] = []
    dropped: list[LeftOut] = []
    made: list[dict[str, Any]] = []
    for same in alike.values():
        if len(made) == MOST_ITEMS:
            dropped += [LeftOut(each.source, f"{row.entry}: a case holds {MOST_ITEMS} entries") for each in same]
            continue
        used, more = same[:MOST_DOCUMENTS], same[MOST_DOCUMENTS:]
        dropped += [LeftOut(each.source, f"{row.path}: {MOST_DOCUMENTS} others say so already") for each in more]
        parts = ((row.name, used[0].value), *used[0].more)
        made.append({name: _documented([(value, each.document) for each in used]) for name, value in parts})
        kept += used
    _put(content, row.entry.removesuffix("[]"), made)
    return kept, dropped


def _documented(said: list[tuple[Any, Mapping[str, str]]]) -> Any:
    """Return values with their documents, as a case file writes them."""
    written = [{"value": _plain(value), **document} for value, document in said]
    return written[0] if len(written) == 1 else written


def _plain(value: Any) -> Any:
    """Return a value as a case file has it: several levels as a list."""
    return list(value) if isinstance(value, tuple) else value


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    *sections, name = path.split(".")
    for section in sections:
        content = content.setdefault(section, {})
    content[name] = value
