"""Cases in work: what each open form holds, in memory alone, under a name that says nothing of the case."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bvn_asp.web.fields import Values

MOST_DRAFTS = 200
"""Most cases that are kept in work; of more, the one not touched for longest is forgotten."""
_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True)
class Asked:
    """A question of an interview that was answered, or that nobody could answer: its place, and the form before it."""

    place: str
    words: str
    before: Values
    answered: bool


@dataclass
class Draft:
    """A case in work: what its form holds, which fields had mistakes, and what was offered to change it to.

    `turn` counts what was typed, so that of several decisions that wait only the latest is made.
    """

    name: str
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marked: frozenset[str] = frozenset()
    proposals: list[dict[str, Any]] = field(default_factory=list)
    copied_from: str = ""
    asked: list[Asked] = field(default_factory=list)
    turn: int = 0


class Drafts:
    """The drafts of a server; a restart forgets them, and an open page brings its own back with the next key typed."""

    def __init__(self, most: int = MOST_DRAFTS) -> None:
        self._drafts: OrderedDict[str, Draft] = OrderedDict()
        self._most = most

    def new(self, values: Values | None = None, *, copied_from: str = "") -> Draft:
        """Return a new draft."""
        return self._kept(Draft(secrets.token_urlsafe(18), dict(values or {}), copied_from=copied_from))

    def find(self, name: str) -> Draft | None:
        """Return the draft of this name, if it is still there."""
        found = self._drafts.get(name)
        if found is not None:
            self._drafts.move_to_end(name)
        return found

    def keep(self, name: str, values: Mapping[str, tuple[str, ...]]) -> Draft | None:
        """Have the draft of this name hold `values`; None if a draft cannot be called so."""
        found = self.find(name)
        if found is None:
            if not _NAME.fullmatch(name):
                return None
            found = self._kept(Draft(name))
        if found.values != values:
            found.proposals = []
        found.values = dict(values)
        return found

    def _kept(self, draft: Draft) -> Draft:
        self._drafts[draft.name] = draft
        while len(self._drafts) > self._most:
            self._drafts.popitem(last=False)
        return draft
