"""The JSON Schema of a case file and the reader, held against each other by mutation of valid cases."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from bvn_asp.cli.commands import bvn
from bvn_asp.errors import CaseError
from bvn_asp.record.files import read_cases
from bvn_asp.record.schema import json_schema
from tests.campaigns import counts
from tests.random_cases import random_case
from tests.sample_cases import samples

VALIDATOR = Draft202012Validator(json_schema())
WRONG: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 41.5, 1000, 10**9, "", " ", "unknown", "yes", "maybe", "L4", "l5", "L4-L5", "L9",
    "absent", "present", "6", "6.5", "2024-02-30", "2024-03-01", "2024", "2024-13", "not measured", [], ["L4"], ["x"],
    [1], [[]], {}, {"x": 1}, {"min": 3}, {"more_than": 3}, {"at_least": 3, "at_most": 2}, {"one_of": ["a"]},
)  # fmt: skip
"""What is put in the place of a value."""

REASONS = {
    "a name written twice, which a schema can tell only of what is spelt alike": "the same one is named twice",
    "a number written as text, whose size no pattern can bound": r"expected a number from \S+ to \S+, not ",
    "a number written as text, with more digits than the grain": "too many digits",
    "a range written as text": "nothing lies from|no day lies from|leaves no(ne| number)",
    "a day that no calendar has": "there is no such day|expected a year from",
    "two fields that contradict each other": "contradict|cannot|but |before|after|both",
}
"""Why the reader refuses what the schema lets pass, with words of what it says then."""
LOOSER = {
    "ids that are unknown are none": r"expected\[[0-9]+\]\.(unmet|violated|not_violated|undetermined|missing|flags)",
}
"""Why the schema refuses what the reader lets pass, with the place."""


def bases() -> list[dict[str, Any]]:
    """Return the sample cases and some random ones, as JSON holds them."""
    cases = [*samples().values(), *(random_case(Random(seed)) for seed in range(40))]
    return [case.model_dump(mode="json", exclude_unset=True) for case in cases]


def places(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of every value in `content`."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def mutated(random: Random, content: dict[str, Any]) -> dict[str, Any]:
    """Return `content` with one value replaced, left out, renamed, written twice or put beside what is no field."""
    found = copy.deepcopy(content)
    above: list[Any]
    *above, last = random.choice(list(places(found)))
    home: Any = found
    for key in above:
        home = home[key]
    way = random.randrange(8)
    if way == 0:
        del home[last]
    elif way == 1 and isinstance(home, dict):
        home[random.choice((f"{last}s", str(last).upper(), "zebra"))] = home.pop(last)
    elif way == 2 and isinstance(home, dict):
        home["zebra"] = random.choice(WRONG)
    elif way == 3 and isinstance(last, int):
        home.append(copy.deepcopy(home[last]))
    elif way == 4:
        other = random.choice(list(places(content)))
        value: Any = content
        for key in other:
            value = value[key]
        home[last] = copy.deepcopy(value)
    elif way == 5:
        home[last] = [home[last]]
    else:
        home[last] = copy.deepcopy(random.choice(WRONG))
    return found


def refusals(content: dict[str, Any]) -> list[str]:
    """Return what the reader says against `content`."""
    try:
        read_cases(json.dumps(content), is_json=True)
    except CaseError as error:
        return str(error).splitlines()
    return []


@counts("number", 600, 50_000)
def test_what_one_of_schema_and_reader_refuses_the_other_refuses_or_there_is_a_reason(number: int) -> None:
    random, valid = Random(15), bases()
    assert all(VALIDATOR.is_valid(content) and not refusals(content) for content in valid)
    kept = 0
    for _ in range(number):
        content = mutated(random, random.choice(valid))
        wrong, said = [f".{error.json_path}" for error in VALIDATOR.iter_errors(content)], refusals(content)
        kept += not wrong and not said
        if said and not wrong:
            assert all(any(re.search(words, line) for words in REASONS.values()) for line in said), (said, content)
        if wrong and not said:
            assert all(any(re.search(words, place) for words in LOOSER.values()) for place in wrong), (wrong, content)
    assert number / 20 < kept < number / 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"other_surgeries": True}, "expected absent or unknown"),
        ({"mri": {"modic_changes": [{"levels": [["L4-L5"]]}]}}, "expected text"),
        ({"request": {"units": {"min": 1}}}, "expected a procedure code"),
        ({"expected": [{"units": {"64628": False}}]}, "expected a whole number of units"),
        ({"expected": [{"units": {"64628": -1}}]}, "greater than or equal to 0"),
        ({"zebra": 1}, "there is no such field"),
        ({"pain": {"zebra": 1}}, "there is no such field"),
    ],
)
def test_both_refuse(content: dict[str, Any], words: str) -> None:
    assert not VALIDATOR.is_valid(content)
    assert any(words in line for line in refusals(content)), refusals(content)


def test_every_schema_that_is_printed_says_what_it_is_and_lets_no_other_field_pass() -> None:
    ids = []
    for options in ([], ["--decision"], ["--reviews"]):
        schema = json.loads(CliRunner().invoke(bvn, ["schema", *options]).stdout)
        Draft202012Validator.check_schema(schema)
        ids.append(schema["$id"])
        for name, part in {"": schema, **schema["$defs"]}.items():
            if "properties" in part:
                assert part.get("additionalProperties") is False, (options, name)
    assert len(set(ids)) == len(ids)
