"""What the buttons of the form change in it: entries of lists, and that there is nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bvn_asp.record.forms import MOST_ITEMS
from bvn_asp.record.statements import NONE
from bvn_asp.record.table import TABLE
from bvn_asp.report.labels import group_names, group_of
from bvn_asp.web.fields import HERE, STATE, Values, entries
from bvn_asp.web.formview import closing_rows, closing_value, is_whole


def applied(values: Values, action: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """Return what a form holds after `action`, and the group of it to show anew; unknown actions change nothing."""
    word, _, what = action.partition(":")
    if word == "whole" and what in group_names():
        return _closed(values, what), what
    if word == "show" and what in TABLE.lists:
        return dict(values), group_of(TABLE.by_path[what])
    if word == "add" and f"{what}[]" in TABLE.lists:
        return _added(values, what), group_of(TABLE.by_path[f"{what}[]"])
    found = re.fullmatch(r"([a-z_.]+)\[([0-9]{1,3})\]", what)
    if word == "remove" and found and f"{found[1]}[]" in TABLE.lists:
        return _removed(values, found[1], int(found[2])), group_of(TABLE.by_path[f"{found[1]}[]"])
    return dict(values), ""


def _closed(values: Values, group: str) -> dict[str, tuple[str, ...]]:
    """State of a group that there is nothing else in it; or no longer, if that is stated."""
    rows = closing_rows(group)
    # What closes a list closes what is listed: of one without entries it is stated that there are none.
    empty = [row.closes.removesuffix("[]") for row in rows if row.closes and not entries(values, row.closes)]
    found = _cleared(values, [*(row.path for row in rows), *empty])
    if is_whole(group, values):
        return found
    none = {f"{name}:{STATE}": (NONE,) for name in empty}
    return found | none | {row.path: (closing_value(row),) for row in rows}


def _added(values: Values, name: str) -> dict[str, tuple[str, ...]]:
    places = entries(values, f"{name}[]")
    free = max(places, default=-1) + 1
    if free >= MOST_ITEMS:
        return dict(values)
    kept = {key: texts for key, texts in values.items() if key != f"{name}:{STATE}"}
    return kept | {f"{name}[{free}]:{HERE}": ("1",)}


def _removed(values: Values, name: str, gone: int) -> dict[str, tuple[str, ...]]:
    """Remove an entry; those after it move up."""
    found: dict[str, tuple[str, ...]] = {}
    for key, texts in values.items():
        place = re.match(re.escape(name) + r"\[([0-9]+)\]", key)
        number = int(place[1]) if place else -1
        if number != gone:
            found[f"{name}[{number - 1}]{key[place.end() :]}" if place and number > gone else key] = texts
    return found


def _cleared(values: Values, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return `values` without the fields at `paths`, and what belongs to them."""
    gone = tuple(paths)
    return {name: found for name, found in values.items() if name.partition(":")[0] not in gone}
