"""Answers that a page may come back to: a few, in memory, under names that say nothing."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any

MOST_KEPT = 50


class Kept:
    """Holds the latest answers; what was not asked for longest is forgotten first."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._answers: OrderedDict[str, Any] = OrderedDict()
        self._most = most

    def put(self, answer: Any) -> str:
        """Keep `answer` and return its name."""
        name = secrets.token_urlsafe(18)
        self._answers[name] = answer
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)
        return name

    def get(self, name: str) -> Any:
        """Return the answer of this name; None if it is not kept any more."""
        if name in self._answers:
            self._answers.move_to_end(name)
        return self._answers.get(name)
