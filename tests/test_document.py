"""The policy document: every paragraph of it is covered, and what a new version changes is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bvn_asp.policy.document import changed, fingerprint, fingerprints
from bvn_asp.policy.loading import shipped_policy

# The document is under copyright and not part of the package: its path is given by whoever has it.
DOCUMENT = os.environ.get("BVN_DOCUMENT", "")


def test_a_fingerprint_is_of_the_words_and_not_of_their_spacing() -> None:
    assert fingerprint("  One  two\tthree ") == fingerprint("One two three") != fingerprint("One two four")
    assert len(fingerprint("One two three")) == 8


def test_what_changed_is_named_on_both_sides() -> None:
    known = [mark for _, mark in fingerprints("First.\n\nSecond.\n")]
    assert changed("First.\n\nSecond, reworded.\nThird.\n", known) == ([3, 4], {fingerprint("Second.")})
    assert changed("First.\n  Second.\n", known) == ([], set())


def test_paragraphs_are_covered_by_clauses_and_by_sections_that_are_not_encoded() -> None:
    policy = shipped_policy()
    sections = {section for section, _, _ in policy.unencoded}
    covering = {by for all_by in policy.paragraphs.values() for by in all_by}
    assert covering <= sections | policy.clauses.keys()
    # The range of levels is drawn from paragraphs that are under other clauses.
    assert policy.clauses.keys() - covering == {"l1"}
    assert sections - covering == {"Indications", "Non-Indications", "Definitions"}


@pytest.mark.skipif(not Path(DOCUMENT).is_file(), reason="the document is not here: BVN_DOCUMENT names no file")
def test_every_paragraph_of_the_document_is_covered_and_no_other() -> None:
    assert changed(Path(DOCUMENT).read_text(encoding="utf-8"), shipped_policy().paragraphs) == ([], set())
