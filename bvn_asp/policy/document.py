"""The policy document as fingerprints: which of its paragraphs the policy covers, without a word of its text."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator


def fingerprint(paragraph: str) -> str:
    """Return the fingerprint of one paragraph: eight hexadecimal digits, the same however its words are spaced."""
    return hashlib.sha256(" ".join(paragraph.split()).encode()).hexdigest()[:8]


def fingerprints(document: str) -> Iterator[tuple[int, str]]:
    """Yield the number of each line of the text `document` that holds a paragraph, and its fingerprint.

    A paragraph is a line that is not blank.
    """
    for number, line in enumerate(document.splitlines(), 1):
        if line.strip():
            yield number, fingerprint(line)


def changed(document: str, known: Collection[str]) -> tuple[list[int], set[str]]:
    """Compare `document` with the fingerprints `known` of a policy.

    Returns the numbers of the lines to read again, because nothing covers them, and the fingerprints that are gone.
    """
    lines = list(fingerprints(document))
    return [number for number, mark in lines if mark not in known], set(known) - {mark for _, mark in lines}
