"""What a client of PAS reads out of the answer, with an engine of FHIRPath that knows nothing of this program.

The expressions are those of PAS 2.2.1: review actions stand at the adjudication of an item (X12 306), what is granted
instead is an added item of the same number, and a pended request is told by A4, not by its outcome.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir_reading import copy_of
from tests.test_fhir_bundle import bundled
from tests.test_fhir_claim import GOLDEN, PAS

ANSWER = "Bundle.entry.first().resource.ofType(ClaimResponse)"
CODE = (
    f"adjudication.where(category.coding.code = 'submitted').extension('{PAS}/extension-reviewAction')"
    f".extension('{PAS}/extension-reviewActionCode').value.coding"
    ".where(system = 'https://codesystem.x12.org/005010/306').code"
)
READ = {
    "decisions": f"{ANSWER}.item.{CODE}",
    "modified": f"{ANSWER}.item.where({CODE} = 'A6').itemSequence",
    "instead": f"{ANSWER}.addItem.where({CODE} = 'A1').itemSequence",
    "certified": f"{ANSWER}.item.where({CODE} = 'A1').extension('{PAS}/extension-itemAuthorizedDetail')"
                 ".extension('productOrServiceCode').value.coding.code",
    "granted": f"{ANSWER}.addItem.where({CODE} = 'A1').productOrService.coding.code",
    "units": f"{ANSWER}.addItem.quantity.value",
    "reasons": f"{ANSWER}.item.adjudication.extension('{PAS}/extension-reviewAction').extension('reasonCode')"
               ".value.coding.where(system = 'https://codesystem.x12.org/external/886').code",
    "reviewed": f"{ANSWER}.extension('{PAS}/extension-claimResponseReviewer').extension('wasHumanReviewedFlag').value",
    "number": f"{ANSWER}.preAuthRef",
    "asked back": f"{ANSWER}.communicationRequest",
    "errors": f"{ANSWER}.error",
    "outcome": f"{ANSWER}.outcome",
}  # fmt: skip
"""What is read, by what it is."""

NOTHING: dict[str, list[Any]] = {"number": [], "asked back": [], "errors": [], "reviewed": [False],
                                 "outcome": ["complete"]}  # fmt: skip


def read(resource: Any, expression: str) -> list[Any]:
    engine = pytest.importorskip("fhirpathpy")
    from fhirpathpy.models import models

    found: list[Any] = engine.evaluate(copy_of(resource), expression, {}, models["r4"])
    return found


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        # Three bodies are 64628 and one unit of 64629; the two that are left of the partial one are 64628 alone.
        ("approve", {"decisions": ["A1", "A1"], "modified": [], "instead": [], "certified": ["64628", "64629"],
                     "granted": [], "units": [], "reasons": []}),
        ("partial", {"decisions": ["A6", "A3"], "modified": [1], "instead": [1], "certified": [],
                     "granted": ["64628"], "units": [1], "reasons": ["0F", "0F"]}),
        ("deny", {"decisions": ["A3"], "modified": [], "instead": [], "certified": [], "granted": [], "units": [],
                  "reasons": ["0F"]}),
        ("pend", {"decisions": ["A4"], "modified": [], "instead": [], "certified": [], "granted": [], "units": [],
                  "reasons": ["0U"]}),
    ],
)  # fmt: skip
def test_a_client_reads_the_outcome_by_the_paths_of_its_guide(outcome: str, expected: dict[str, list[Any]]) -> None:
    answer = bundled(GOLDEN[outcome])
    assert {name: read(answer, expression) for name, expression in READ.items()} == NOTHING | expected


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("approve", "May be treated: L4, L5, S1"),
        ("partial", "L3: refused by n12 (Non-Indications 12 [1])"),
        ("deny", "(Indications 3 [1, 13])"),
        ("pend", "Missing, to ask for: treating clinician's note: lowest T-score"),
    ],
)
def test_the_notes_of_an_item_are_found_by_their_numbers(outcome: str, words: str) -> None:
    answer = bundled(GOLDEN[outcome])
    numbers = read(answer, f"{ANSWER}.item.first().noteNumber")
    texts = [text for number in numbers for text in read(answer, f"{ANSWER}.processNote.where(number = {number}).text")]
    assert words in "\n".join(texts) and len(texts) == len(numbers)
