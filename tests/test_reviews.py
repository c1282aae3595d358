"""A store of reviews: what is kept, signed, amended, exported, decided again and verified, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from bvn_asp import __version__
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.decision import Decision
from bvn_asp.errors import ReviewError
from bvn_asp.policy.loading import read_policy, shipped_policy
from bvn_asp.record.case import Case
from bvn_asp.record.files import load_given, read_case
from bvn_asp.report.document import document
from bvn_asp.reviews.database import SCHEMA
from bvn_asp.reviews.documents import Kept, ReviewDocument, Signature, json_schema
from bvn_asp.reviews.replay import replay
from bvn_asp.reviews.signing import Final
from bvn_asp.reviews.store import Store
from bvn_asp.reviews.verification import verify
from tests.sample_cases import place, sample, samples
from tests.shared import ENGINE

ROOT = Path(__file__).parent.parent
SAMPLE = "approve_two_bodies"
DENIED = "deny_care_exactly_six_weeks"
PARTIAL = "partial_one_body_ablated_before"
NOON = datetime(2025, 3, 4, 12, 30, tzinfo=UTC)


@cache
def _decided(name: str) -> tuple[Case, Decision]:
    return sample(name), ENGINE.decide(sample(name))


DECIDED: dict[str, Callable[[], tuple[Case, Decision]]] = {
    name: partial(_decided, name) for name in (SAMPLE, DENIED, PARTIAL)
}


def kept_in(store: Store, name: str = SAMPLE) -> Kept:
    return store.keep(*DECIDED[name](), name)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "reviews.db", create=True, now=lambda: NOON)


def tampered(store: Store, *statements: str) -> None:
    """Change the file as somebody would who has taken the triggers away, and put them back."""
    with sqlite3.connect(store.database.path) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in (*statements, *(text for _, text in triggers)):
            connection.execute(statement)


def problems(store: Store, head: str = "") -> list[tuple[int | None, str]]:
    found = verify(store, head)
    assert found.intact == (not found.problems)
    return [(item.number, item.problem) for item in found.problems]


def test_what_was_asked_when_by_what_and_what_came_out_is_kept(store: Store) -> None:
    case, _ = DECIDED[DENIED]()
    chosen = {"course_moment": "procedure"}
    decision = ENGINE.decide(case, chosen, assume_absent=False)
    given = load_given(place(DENIED))[place(DENIED)].content
    kept = store.keep(case, decision, "a case", chosen=chosen, assume_absent=False, given=given)
    assert store.entry(1) == kept and isinstance(kept, Kept)
    assert (kept.number, kept.previous, kept.at) == (1, "0" * 64, "2025-03-04T12:30:00Z")
    assert kept.program == f"bvn {__version__}"
    assert (kept.policy.version, kept.policy.sha256) == (shipped_policy().version, shipped_policy().sha256)
    assert store.policy_text(kept) == shipped_policy().text
    assert kept.readings == chosen and kept.assume_absent is False
    assert kept.case.name == "a case"
    without = {field: value for field, value in given.items() if field != "expected"}
    assert store.given(kept) == json.loads(json.dumps(without, default=str))
    assert store.case(kept) == case.model_copy(update={"expected": ()})
    assert store.decision(kept) == json.loads(json.dumps(document(decision, "a case")))
    assert (kept.outcome.recommendation, kept.outcome.eligibility) == ("pend", "undetermined")


def test_every_sample_is_kept_as_given_and_written_out_and_read_as_the_same_case(store: Store) -> None:
    _, decision = DECIDED[SAMPLE]()
    for name in list(samples())[::12]:
        case, content = load_given(place(name))[place(name)]
        for given in (content, None):
            kept = store.keep(case, decision, name, given=given)
            assert store.case(kept) == case.model_copy(update={"expected": ()}), name


def test_numbers_and_odd_text_are_kept_exactly(store: Store) -> None:
    text = 'patient: {age: 40}\nstory: "\\x1b[31m [bold]<b> \\u202e"\nrequest: {bodies: [L4]}\n'
    case = read_case(text)
    kept = store.keep(case, ENGINE.decide(case), "odd \udcff name")
    assert store.case(kept) == case and kept.case.name == "odd \\udcff name"
    assert store.given(kept)["story"] == case.model_dump(mode="json")["story"]


def test_what_was_given_must_state_the_case(store: Store) -> None:
    case, decision = DECIDED[SAMPLE]()
    with pytest.raises(ReviewError, match="does not state it"):
        store.keep(case, decision, given={"patient": {"age": 41}})
    assert list(store.entries()) == []


def test_each_entry_holds_the_hash_of_the_one_before(store: Store) -> None:
    entries = [kept_in(store), kept_in(store, DENIED), store.sign(1, Final("A. Reviewer", "approve"))]
    assert [entry.previous for entry in entries] == ["0" * 64, entries[0].sha256, entries[1].sha256]
    assert list(store.entries()) == entries
    found = verify(store)
    assert found.intact and (found.entries, found.decisions, found.signatures) == (3, 2, 1)
    assert found.head == entries[-1].sha256
    # What is the same is kept once.
    with sqlite3.connect(store.database.path) as connection:
        assert connection.execute("SELECT count(*) FROM content").fetchone() == (5,)


def test_a_signature_says_who_decided_what_with_comments_and_locks_the_decision(store: Store) -> None:
    kept_in(store, DENIED)
    comments = {"i3": "six weeks exactly", "L4": "fine"}
    final = Final(" A. Reviewer ", "deny", comment="As recommended. ", comments=comments)
    signed = store.sign(1, final)
    assert (signed.of, signed.amends, signed.reviewer, signed.decision) == (1, None, "A. Reviewer", "deny")
    assert signed.comment == "As recommended." and signed.comments == comments
    with pytest.raises(ReviewError, match="entry 1 is signed by entry 2, and locked"):
        store.sign(1, Final("B. Reviewer", "deny"))
    with pytest.raises(ReviewError, match="entry 2 is a signature, of entry 1"):
        store.sign(2, Final("B. Reviewer", "deny"))
    assert store.review(1).signatures == (signed,) == store.review(2).signatures


def test_an_amendment_is_a_new_entry_that_names_the_old_one(store: Store) -> None:
    kept_in(store)
    first = store.sign(1, Final("A. Reviewer", "approve"))
    second = store.amend(2, Final("B. Reviewer", "deny", comment="found an earlier ablation"), "new records")
    assert (second.number, second.of, second.amends, second.why) == (3, 1, 2, "new records")
    assert store.entry(2) == first and store.review(1).final == second
    with pytest.raises(ReviewError, match="entry 2 is amended by entry 3, and locked"):
        store.amend(2, Final("C. Reviewer", "approve"), "again")
    with pytest.raises(ReviewError, match="entry 1 is a decision"):
        store.amend(1, Final("C. Reviewer", "approve"), "again")
    with pytest.raises(ReviewError, match="says why"):
        store.amend(3, Final("C. Reviewer", "approve"), " ")
    assert store.amend(3, Final("C. Reviewer", "approve"), "taken back").amends == 3
    assert problems(store) == []


@pytest.mark.parametrize(
    ("name", "final", "words"),
    [
        (SAMPLE, Final(" ", "approve"), "signs by name"),
        (SAMPLE, Final("A\nB", "approve"), "one line"),
        (SAMPLE, Final("A", "maybe"), "expected one of approve, partial, deny, pend"),
        (SAMPLE, Final("A", "deny"), "needs a comment"),
        (SAMPLE, Final("A", "partial", ["L4"]), "needs a comment"),
        (SAMPLE, Final("A", "partial", comment="x"), "say for which bodies"),
        (SAMPLE, Final("A", "partial", ["L4", "L5"], "x"), "partial is for some of it"),
        (SAMPLE, Final("A", "approve", ["L4"]), "to approve is for all"),
        (SAMPLE, Final("A", "approve", ["L3"]), "L3 was not requested, but L4, L5"),
        (SAMPLE, Final("A", "deny", ["L4"], "x"), "deny is for no bodies"),
        (SAMPLE, Final("A", "approve", comments={"i99": "x"}), "no criterion or body 'i99'"),
        (SAMPLE, Final("A", "approve", comments={"i3": " "}), "the comment on i3 is empty"),
        (SAMPLE, Final("A", "approve", comment="x" * 20_001), "at most 20,000"),
    ],
)
def test_a_final_decision_that_does_not_fit_is_refused(store: Store, name: str, final: Final, words: str) -> None:
    kept_in(store, name)
    with pytest.raises(ReviewError, match=words):
        store.sign(1, final)
    assert len(list(store.entries())) == 1


def test_a_part_can_be_granted_as_recommended_without_a_comment(store: Store) -> None:
    kept = kept_in(store, PARTIAL)
    assert kept.outcome.recommendation == "partial"
    assert store.sign(1, Final("A", "partial", kept.outcome.granted)).bodies == kept.outcome.granted


def test_without_a_request_a_person_decides_about_eligibility(store: Store) -> None:
    case = read_case("patient: {age: 40}")
    store.keep(case, ENGINE.decide(case))
    with pytest.raises(ReviewError, match="nothing was requested: expected one of eligible"):
        store.sign(1, Final("A", "approve"))
    assert store.sign(1, Final("A", "undetermined")).decision == "undetermined"


CHANGES = (
    "UPDATE entry SET document = 'x'", "DELETE FROM entry WHERE number = 2",
    "UPDATE OR REPLACE entry SET number = 1 WHERE number = 2",
    "REPLACE INTO entry VALUES (1, NULL, 'a', 'b', 'c')",
    "REPLACE INTO entry SELECT 3, 1, sha256, 'b', 'c' FROM entry WHERE number = 2",
    "INSERT OR IGNORE INTO entry VALUES (4, NULL, 'a', 'b', 'c')",
    "UPDATE content SET packed = 'x'", "DELETE FROM content",
    "REPLACE INTO content SELECT sha256, 'x' FROM content LIMIT 1",
)  # fmt: skip


@pytest.mark.parametrize("statement", CHANGES)
def test_the_file_itself_refuses_to_change_or_remove(store: Store, statement: str) -> None:
    kept_in(store)
    store.sign(1, Final("A", "approve"))
    with sqlite3.connect(store.database.path) as connection, pytest.raises(sqlite3.IntegrityError, match=r"an? \w+ "):
        connection.execute(statement)
    assert problems(store) == [] and len(list(store.entries())) == 2


def filled(store: Store) -> list[Kept | Signature]:
    kept_in(store)
    kept_in(store, DENIED)
    store.sign(1, Final("A. Reviewer", "approve"))
    store.sign(2, Final("A. Reviewer", "deny"))
    return list(store.entries())


TAMPERING: dict[str, tuple[list[str], list[tuple[int | None, str]]]] = {
    "a signature changed": (
        ["UPDATE entry SET document = replace(document, 'A. Reviewer', 'B. Reviewer') WHERE number = 3"],
        [(3, "was changed")],
    ),
    "an entry removed": (["DELETE FROM entry WHERE number = 3"], [(None, "entry 3 is missing")]),
    "the last removed": (
        ["DELETE FROM entry WHERE number > 2"], [(None, "entries are missing at the end: 4 were written")]
    ),
    "entries exchanged": (
        ["UPDATE entry SET number = 9 WHERE number = 1", "UPDATE entry SET number = 1 WHERE number = 2",
         "UPDATE entry SET number = 2 WHERE number = 9"],
        [(1, "does not continue the entry before it"), (1, "was changed"), (2, "does not continue the entry before it"),
         (2, "was changed"), (3, "does not continue the entry before it")],
    ),
    "a lock taken away": (["UPDATE entry SET locked = NULL WHERE number = 3"], [(3, "was changed")]),
    "a case changed": (
        ["UPDATE content SET packed = x'00' WHERE sha256 = "
         "(SELECT json_extract(document, '$.case.sha256') FROM entry WHERE number = 2)"],
        [(2, "the case was changed")],
    ),
    "a decision removed": (
        ["DELETE FROM content WHERE sha256 = "
         "(SELECT json_extract(document, '$.outcome.sha256') FROM entry WHERE number = 1)"],
        [(1, "the decision is missing")],
    ),
    "a content added": (["INSERT INTO content VALUES ('abc', x'00')"], [(None, "no entry names the content abc...")]),
    "a trigger added": (
        ["CREATE TRIGGER mine AFTER INSERT ON content BEGIN SELECT 1; END"],
        [(None, "something was added to its tables: mine")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERING)
def test_what_was_changed_or_removed_is_noticed(store: Store, what: str) -> None:
    filled(store)
    statements, expected = TAMPERING[what]
    tampered(store, *statements)
    assert problems(store) == expected


def test_a_store_without_its_triggers_is_noticed_and_takes_nothing(store: Store) -> None:
    filled(store)
    with sqlite3.connect(store.database.path) as connection:
        connection.execute("DROP TRIGGER entry_is_not_changed")
    assert problems(store) == [(None, "its trigger entry_is_not_changed is gone")]
    with pytest.raises(ReviewError, match="nothing is added to it"):
        kept_in(store)


def test_a_chain_made_anew_is_noticed_by_a_hash_that_was_noted(store: Store, tmp_path: Path) -> None:
    head = filled(store)[-1].sha256
    other = Store(tmp_path / "other.db", create=True, now=lambda: NOON + timedelta(hours=1))
    filled(other)
    assert problems(store, head) == problems(store, head[:10]) == problems(other) == []
    assert problems(other, head) == [(None, f"no entry has the hash {head}: entries were removed or made anew")]


def test_what_was_changed_is_not_shown_as_if_it_were_kept(store: Store) -> None:
    filled(store)
    tampered(store, *TAMPERING["a signature changed"][0], *TAMPERING["a case changed"][0])
    with pytest.raises(ReviewError, match="entry 3 was changed"):
        list(store.entries())
    kept = store.entry(2)
    assert isinstance(kept, Kept)
    tampered(store, "UPDATE entry SET sha256 = 'x' WHERE number = 4")
    with pytest.raises(ReviewError, match="entry 4 was changed, and nothing is added after it"):
        kept_in(store)
    with pytest.raises(ReviewError, match="what an entry rests on was changed"):
        store.case(kept)


def test_a_damaged_file_ends_in_a_message_that_repeats_nothing_of_it(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.db", tmp_path / "bad.db"
    store = Store(good, create=True)
    filled(store)
    store.keep(*DECIDED[SAMPLE](), "secret" * 1000)
    data = good.read_bytes()
    chance = Random(1)
    noticed = 0
    for _ in range(60):
        damaged = bytearray(data)
        start = chance.randrange(len(data))
        end = start + chance.choice((1, 40, 5000))
        damaged[start:end] = chance.randbytes(len(damaged[start:end]))
        bad.write_bytes(damaged if chance.random() < 0.8 else damaged[:start])
        for act in (
            lambda: problems(Store(bad)), lambda: [Store(bad).document(entry) for entry in Store(bad).entries()],
            lambda: Store(bad).reviews(), lambda: kept_in(Store(bad)),
            lambda: Store(bad).amend(3, Final("A", "approve"), "why"),
        ):  # fmt: skip
            try:
                act()
            except ReviewError as error:
                noticed += 1
                assert "secret" not in str(error)
            for journal in tmp_path.glob("bad.db-*"):
                journal.unlink()
    assert noticed > 100


def test_only_the_owner_can_read_the_file_even_where_an_empty_one_was_there(tmp_path: Path) -> None:
    made, found = tmp_path / "made.db", tmp_path / "found.db"
    found.touch(0o644)
    old = os.umask(0)
    try:
        for path in (made, found):
            kept_in(Store(path, create=True))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_what_is_no_store_is_told_apart(tmp_path: Path) -> None:
    text, other, newer, damaged, empty = (tmp_path / f"{n}.db" for n in ("text", "other", "newer", "damaged", "empty"))
    text.write_text("patient:\n  age: 40\n" * 100)
    empty.touch()
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE entry (number INTEGER)")
    for path in (newer, damaged):
        for _ in range(3):
            kept_in(Store(path, create=True))
    with sqlite3.connect(newer) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    data = bytearray(damaged.read_bytes())
    data[4096:40960] = os.urandom(36864)
    damaged.write_bytes(data)
    cases = {
        text: "not a store of reviews", other: "not a store of reviews", empty: "no store of reviews yet",
        newer: f"newer version of this program .tables of version {SCHEMA + 1}, known up to {SCHEMA}",
        damaged: "damaged", tmp_path: "it cannot be opened|not a regular file", tmp_path / "none.db": "no such file",
        tmp_path / "none" / "none.db": "no such folder", Path("a\0b"): "no file can have this name",
    }  # fmt: skip
    for path, words in cases.items():
        before = path.read_bytes() if path.name != "a\0b" and path.is_file() else None
        for command in (["list"], ["show", "1"], ["verify"], ["replay"], ["export"]):
            if "\0" in str(path):
                with pytest.raises(ReviewError, match=words):
                    Store(path)
                continue
            found = run("reviews", *command, "--keep", str(path))
            assert found.exit_code == 2 and re.search(words, found.stderr), (path, command, found.stderr)
            assert str(path) in found.stderr and len(found.stderr.splitlines()) == 1
        if before is not None:
            assert path.read_bytes() == before
    for path in (text, other, newer):
        found = run("decide", place(SAMPLE), "--keep", str(path))
        assert found.exit_code == 2 and found.stdout == "" and re.search(cases[path], found.stderr)


def run(*arguments: str, text: str | None = None, environment: dict[str, str] | None = None) -> Any:
    """Run the program as its `main` does, in this process."""
    from bvn_asp.cli import terminal
    from bvn_asp.cli.commands import run as called

    @click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
    @click.pass_context
    def program(context: click.Context) -> None:
        terminal.guarded(lambda: called(context.args))

    return CliRunner().invoke(program, arguments, input=text, env=environment)


def test_decide_keeps_each_case_and_the_environment_names_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "reviews.db")
    found = run("decide", place(SAMPLE), place(DENIED), "--json", environment={"BVN_REVIEWS": path})
    assert found.exit_code == 0 and len(found.stdout.splitlines()) == 2
    assert found.stderr.startswith(f"kept as 2 entries, 1 to 2, of {path}; last hash ")
    found = run("decide", place(DENIED), "--brief", "--keep", path, "--reading", "course_moment=procedure")
    assert found.stderr.startswith(f"kept as entry 3 of {path}; last hash {verify(Store(path)).head}")
    kept = Store(path).reviews()
    assert [review.kept.case.name for review in kept] == [place(SAMPLE), place(DENIED), place(DENIED)]
    assert [review.kept.readings for review in kept] == [{}, {}, {"course_moment": "procedure"}]
    assert [review.kept.outcome.recommendation for review in kept] == ["approve", "deny", "pend"]


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BVN_REVIEWS", raising=False)
    found = run("decide", str(ROOT / "cases" / "approve_two_bodies.yaml"), "--brief")
    assert found.exit_code == 0 and list(tmp_path.iterdir()) == []
    found = run("reviews", "list")
    assert found.exit_code == 2 and "--keep FILE, or the environment variable BVN_REVIEWS" in found.stderr


def test_the_list_has_a_line_for_each_decision_with_who_decided_it(store: Store) -> None:
    filled(store)
    store.amend(3, Final("B. Reviewer", "deny", comment="no"), "new records")
    kept_in(store, PARTIAL)
    listing = partial(run, "reviews", "list", "--keep", str(store.database.path))
    assert listing().stdout.splitlines() == [
        f"    1  2025-03-04 12:30  approve       deny by B. Reviewer  {SAMPLE}",
        f"    2  2025-03-04 12:30  deny          deny by A. Reviewer  {DENIED}",
        f"    6  2025-03-04 12:30  partial       open  {PARTIAL}",
        "3 decisions, 2 signed, 1 open",
    ]
    numbers = {
        ("--open",): [6], ("--reviewer", "B. Reviewer"): [1], ("--reviewer", "A. Reviewer"): [1, 2],
        ("--since", "2025-03-04"): [1, 2, 6], ("--since", "2025-03-05"): [], ("--until", "2025-03-03"): [],
    }  # fmt: skip
    for options, expected in numbers.items():
        lines = [json.loads(line) for line in listing(*options, "--json").stdout.splitlines()]
        assert [line["decision"]["number"] for line in lines] == expected, options
    assert "amends entry 3 (new records): no" in listing("--full").stdout


def test_show_tells_what_was_asked_what_came_out_and_what_a_person_decided(store: Store) -> None:
    filled(store)
    shown = partial(run, "reviews", "show", "--keep", str(store.database.path))
    words = " ".join(shown("2").stdout.split())
    for part in (
        "DENY patient not eligible", "i3 unmet:", "(Indications 3 [1, 13])", "Entry 4, 2025-03-04 12:30: deny by A.",
        f"bvn {__version__}", "version 3", "Readings chosen: none", "human reviewer", store.entry(2).sha256,
    ):  # fmt: skip
        assert part in words, part
    assert shown("4").stdout == shown("2").stdout
    assert len(shown("2").stdout.splitlines()) < 25 < len(shown("2", "--full").stdout.splitlines())
    assert shown("2", "--policy").stdout == shipped_policy().text
    case = run("decide", "-", "--brief", text=shown("2", "--case").stdout)
    assert case.stdout.startswith("-: deny (not eligible); fails i3")
    found = shown("9")
    assert found.exit_code == 2 and "there is no entry 9" in found.stderr


def test_an_export_is_lines_that_fit_the_published_schema_and_whose_hashes_can_be_taken_again(
    store: Store, tmp_path: Path
) -> None:
    entries = filled(store)
    output = tmp_path / "out.jsonl"
    found = run("reviews", "export", "--keep", str(store.database.path), "-o", str(output))
    assert found.exit_code == 0 and stat.S_IMODE(output.stat().st_mode) == 0o600
    lines = output.read_text().splitlines()
    assert lines == run("reviews", "export", "--keep", str(store.database.path)).stdout.splitlines()
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(run("schema", "--reviews").stdout)
    assert schema == json_schema()

    def hashed(content: Any) -> str:
        return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    assert len(lines) == len(entries)
    previous = "0" * 64
    for line, entry in zip(lines, entries, strict=True):
        content = json.loads(line)
        jsonschema.validate(content, schema)
        assert TypeAdapter(ReviewDocument).validate_json(line).entry == entry
        taken = content["entry"].pop("sha256")
        assert hashed(content["entry"]) == taken and content["entry"]["previous"] == previous
        previous = taken
        if entry.kind == "decision":
            assert hashed(content["given"]) == content["entry"]["case"]["sha256"]
            assert hashed(content["decision"]) == content["entry"]["outcome"]["sha256"]
    for command in (["list", "--json"], ["verify", "--json"], ["replay", "--json"]):
        for line in run("reviews", *command, "--keep", str(store.database.path)).stdout.splitlines():
            jsonschema.validate(json.loads(line), schema)
    assert [json.loads(line)["entry"]["number"] for line in exported(store, "4", "2")] == [4, 2]
    again = run("reviews", "export", "--keep", str(store.database.path), "-o", str(output))
    assert again.exit_code == 2 and "nothing is written over" in again.stderr


def exported(store: Store, *numbers: str) -> list[str]:
    output: str = run("reviews", "export", *numbers, "--keep", str(store.database.path)).stdout
    return output.splitlines()


def test_under_the_same_policy_and_readings_everything_comes_out_as_before(store: Store) -> None:
    for name in list(samples())[::12]:
        store.keep(sample(name), ENGINE.decide(sample(name)), name)
    found = list(replay(store, ENGINE))
    assert len(found) > 30 and [item for item in found if item.changes or item.problem] == []


def test_another_reading_lists_what_comes_out_otherwise_with_the_clauses(store: Store) -> None:
    filled(store)
    (same, other) = replay(store, ENGINE, {"course_moment": "procedure"})
    assert not same.outcome_changed and other.outcome_changed
    assert [(c.kind, c.id, c.before, c.after) for c in other.changes] == [
        ("recommendation", "recommendation", "deny", "pend"),
        ("eligibility", "eligibility", "not_eligible", "undetermined"),
        ("criterion", "i3", "unmet", "undetermined"),
        *[("criterion", c.id, c.before, c.after) for c in other.changes if c.part_of == "i3"],
        ("reading", "course_moment", "request", "procedure"),
    ]
    found = run("reviews", "replay", "--reading", "course_moment=procedure", "--keep", str(store.database.path))
    assert found.exit_code == 0
    words = " ".join(found.stdout.split())
    for part in (
        f"2 {DENIED}: deny -> pend", "a person decided: deny by A. Reviewer",
        "i3 unmet -> undetermined: no significant", "(Indications 3 [1, 13])",
        "2 decisions: 1 as before, 1 with another answer, 0 with the same answer",
        "Clauses: i3 in 1", "human reviewer",
    ):  # fmt: skip
        assert part in words, part
    assert SAMPLE not in words


def test_a_case_is_decided_again_as_it_was_asked(store: Store) -> None:
    case = sample(DENIED)
    for chosen in ({"course_moment": "procedure"}, {}):
        store.keep(case, ENGINE.decide(case, chosen), chosen=chosen)
    first, second = replay(store, ENGINE)
    assert (first.recommendation, first.changes, second.recommendation) == ("pend", (), "deny")
    back = list(replay(store, ENGINE, {"course_moment": "request"}))
    assert [item.recommendation for item in back] == ["deny", "deny"]
    assert [item.review.kept.number for item in replay(store, ENGINE, numbers=[2])] == [2]


def test_another_policy_lists_what_comes_out_otherwise(store: Store, tmp_path: Path) -> None:
    filled(store)
    text = shipped_policy().text
    changed = text.replace("threshold(i3, care_duration, 6*whole)", "threshold(i3, care_duration, 5*whole)")
    assert changed != text
    (tmp_path / "other.lp").write_text(changed)
    found = run("reviews", "replay", "--policy", str(tmp_path / "other.lp"), "--keep", str(store.database.path))
    words = " ".join(found.stdout.split())
    assert found.exit_code == 0, found.stderr
    assert f"2 {DENIED}: deny -> approve" in words and "i3 unmet -> met" in words and "1 as before" in words
    assert read_policy(changed).sha256[:12] in words


def test_what_today_cannot_be_decided_is_listed_and_stops_nothing(store: Store, tmp_path: Path) -> None:
    filled(store)
    case, chosen = sample(DENIED), {"course_moment": "procedure"}
    store.keep(case, ENGINE.decide(case, chosen), "asked otherwise", chosen=chosen)
    renamed = tmp_path / "renamed.lp"
    renamed.write_text(shipped_policy().text.replace("course_moment", "moment_of_course"))
    found = run("reviews", "replay", "--policy", str(renamed), "--keep", str(store.database.path))
    assert found.exit_code == 0, found.stderr
    words = " ".join(found.stdout.split())
    assert "5 asked otherwise: cannot be decided: there is no question 'course_moment'" in words
    assert "3 decisions: 2 as before, 0 with another answer, 0 with the same answer and other statuses, 1 not" in words


def test_text_of_a_record_or_a_person_reaches_no_terminal_unescaped(store: Store) -> None:
    odd = "\x1b[31m[bold]\u202e\nX"
    case, decision = DECIDED[SAMPLE]()
    store.keep(case, decision, f"case {odd}")
    store.sign(1, Final("A [bold]B", "approve", comment=odd, comments={"i3": odd}))
    store.amend(2, Final("A", "deny", comment=odd), odd)
    for command in (["list", "--full"], ["show", "1", "--full"], ["replay"], ["verify"]):
        found = run("reviews", *command, "--keep", str(store.database.path))
        assert found.exit_code == 0 and not re.search("[\x1b\u202e]|^X", found.stdout, re.MULTILINE), command
    assert "\\u001b[31m[bold]\\u202e\\u000aX" in found_text(store) and "A [bold]B" in found_text(store)


def found_text(store: Store) -> str:
    output: str = run("reviews", "show", "1", "--keep", str(store.database.path)).stdout
    return re.sub(r"\n +", "", output)


def test_a_person_signs_with_options_or_with_a_file(store: Store, tmp_path: Path) -> None:
    kept_in(store)
    kept_in(store, DENIED)
    path = str(store.database.path)
    found = run(
        "reviews", "sign", "1", "--keep", path, "--reviewer", "A", "--decision", "approve", "--on", "i3=good", "--on",
        "L4=fine",
    )  # fmt: skip
    assert found.exit_code == 0 and found.stdout.startswith("entry 3: approve by A, on entry 1\nsha256 ")
    form = {"reviewer": "B", "decision": "deny", "comment": "six weeks", "comments": {"i3": "exactly"}}
    found = run("reviews", "sign", "2", "--keep", path, "--from", "-", text=json.dumps(form))
    assert found.exit_code == 0, found.stderr
    form = {"why": "a mistake", "decision": "pend"}
    (tmp_path / "form.json").write_text(json.dumps(form))
    found = run(
        "reviews", "amend", "4", "--keep", path, "--from", str(tmp_path / "form.json"), "--reviewer", "C", "--comment",
        "ask for the notes",
    )  # fmt: skip
    assert found.exit_code == 0 and "on entry 2, in the place of entry 4" in found.stdout
    first, second = store.reviews()
    assert first.final is not None and first.final.comments == {"i3": "good", "L4": "fine"}
    assert [(s.reviewer, s.decision, s.why) for s in second.signatures] == [
        ("B", "deny", ""),
        ("C", "pend", "a mistake"),
    ]


def test_a_wrong_call_says_what_is_wrong(store: Store, tmp_path: Path) -> None:
    kept_in(store)
    (tmp_path / "wrong.json").write_text('{"reviewer": 1, "patient": "secret"}')
    calls = {
        ("sign", "1"): "--reviewer and --decision: missing",
        ("sign", "1", "--reviewer", "A", "--decision", "approve", "--on", "i3"): "expected CRITERION=TEXT",
        ("sign", "1", "--from", str(tmp_path / "wrong.json")): "wrong at: patient, reviewer; fields: reviewer,",
        ("sign", "1", "--from", str(tmp_path / "none.json")): "none.json: cannot be read",
        ("amend", "1", "--reviewer", "A", "--decision", "deny", "--why", "x"): "entry 1 is a decision",
        ("replay", "--reading", "nothing=at_all"): "there is no question",
        ("replay", "7"): "there is no entry 7",
        ("list", "--since", "yesterday"): "does not match the format",
    }
    for arguments, words in calls.items():
        found = run("reviews", *arguments, "--keep", str(store.database.path))
        assert found.exit_code == 2 and words in found.stderr and "secret" not in found.stderr, found.stderr
    assert len(list(store.entries())) == 1


def test_verify_exits_with_1_where_something_was_changed(store: Store) -> None:
    filled(store)
    verifying = partial(run, "reviews", "verify", "--keep", str(store.database.path))
    head = store.entry(4).sha256
    assert verifying().stdout == f"intact, 4 entries: 2 decisions, 2 signatures\nlast hash: {head}\n"
    assert verifying("--head", "abc").exit_code == 1
    tampered(store, *TAMPERING["a signature changed"][0])
    found = verifying()
    assert found.exit_code == 1 and "NOT INTACT" in found.stdout and "entry 3: was changed" in found.stdout


def test_the_examples_of_the_help_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cases").symlink_to(ROOT / "cases")
    monkeypatch.chdir(tmp_path)
    group = bvn.get_command(click.Context(bvn), "reviews")
    assert isinstance(group, click.Group)
    order = ["sign", "amend", "list", "show", "export", "replay", "verify"]
    assert sorted(group.commands) == sorted(order)
    helps = [group.help or "", *(group.commands[name].help or "" for name in order)]
    examples = [line.strip() for text in helps for line in text.splitlines() if line.strip().startswith("bvn ")]
    assert len(examples) > len(order)
    for example in examples:
        found = run(*shlex.split(example)[1:])
        assert found.exit_code == 0, (example, found.stderr)
