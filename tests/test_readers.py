"""Whatever a file, query or policy holds, reading it ends in a value or a clear error, and stops no other file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import yaml
from click.testing import CliRunner

from bvn_asp.analysis.query.assertions import SHIPPED, load_assertions
from bvn_asp.analysis.query.text import read_query
from bvn_asp.cli.commands import bvn
from bvn_asp.decision.engine import Engine
from bvn_asp.decision.shapes import shape_of
from bvn_asp.errors import BvnError, CaseError
from bvn_asp.policy.loading import load_policy, shipped_policy
from bvn_asp.policy.shape import Shape
from bvn_asp.record.case import Case
from bvn_asp.record.files import read_case
from tests.campaigns import counts
from tests.sample_cases import samples

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))
POLICY = shipped_policy()
HOSTILE = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\x1b[2J", b"\t", b"\r", b"\n", b"\n\n---\n", b"...", b"&a ", b"*a", b"!!python/name:os.system ", b"<<: ",
    b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b"[[[[[[[[[[[[[[[[[[[[[[", b'"', b"'", b"|", b">", b"#", b"%",
    b",", b"\\", b'\\ud800', b"~", b"null", b"unknown", b"yes", b"NaN", b".nan", b"-Infinity", b"1e999",
    b"1e999999999999999999999", b"-0", b"0x10", b"0o7", b"1_000", b"12:30:45", b"9" * 50, b"2147483648",
    b"9999-12-31", b"0001-01-01", b"2001-02-29", b"2024-01-01T00:00:00Z", b"L4-L5", b"C1-C2", b"S5", b"())(",
    b" and ", b" not ", b"not " * 45, b"=>", b">=", b"at least ", b"x\").", b"@f()", b"#script (python)",
    b"\xe2\x89\xa5", b":- ", b"p(X+1) :- p(X). ",
)  # fmt: skip


def mutated(random: Random, data: bytes) -> bytes:
    """Return `data` with a few places cut out, doubled, moved, changed or filled with something hostile."""
    for _ in range(random.randint(1, 4)):
        start, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
        end = min(end, start + random.choice((1, 2, 8, 40)))
        part = data[start:end]
        new = random.choice(
            (b"", part + part, bytes(reversed(part)), random.choice(HOSTILE), part + random.choice(HOSTILE))
        )
        data = data[:start] + new + data[end:]
    return data


def texts(is_json: bool) -> list[bytes]:
    """Return some of the sample cases as files."""
    records = [case.model_dump(mode="json", exclude_unset=True) for case in list(samples().values())[::8]]
    if not is_json:
        return [path.read_bytes() for path in CASES] + [yaml.safe_dump(record).encode() for record in records]
    return [json.dumps(record, indent=1).encode() for record in records]


def campaign(rounds: int, attempt: Callable[[Random], None]) -> None:
    """Attempt reading so many times, each with a random of its own."""
    for seed in range(rounds):
        attempt(Random(seed))


def read_mutated_case(random: Random, samples: list[bytes], is_json: bool, engine: Engine) -> None:
    data = mutated(random, random.choice(samples))
    started = time.process_time()
    try:
        case = read_case(data, "x", is_json=is_json)
    except CaseError as error:
        assert error.problems and all(problem.message for problem in error.problems), data
        str(error).encode()
    else:
        if random.random() < 0.05:
            engine.decide(case)
    assert time.process_time() - started < 20, data


def read_mutated_query(random: Random, queries: list[str]) -> None:
    text = mutated(random, random.choice(queries).encode()).decode(
        "utf-8", random.choice(("replace", "surrogateescape"))
    )
    try:
        read_query(text, POLICY)
    except BvnError as error:
        assert str(error)


def read_mutated_assertions(random: Random, path: Path) -> None:
    lines = SHIPPED.read_bytes().splitlines(keepends=True)
    path.write_bytes(mutated(random, b"".join(random.sample(lines, min(6, len(lines))))))
    try:
        load_assertions(path, POLICY)
    except BvnError as error:
        assert str(path) in str(error)


def read_mutated_policy(random: Random, path: Path) -> None:
    path.write_bytes(mutated(random, POLICY.text.encode()))
    try:
        load_policy(path)
    except BvnError as error:
        assert str(error)


QUERIES = [item.query.text for item in load_assertions(SHIPPED, POLICY)]


@counts("rounds", 60, 1200)
@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
def test_a_mutated_case_file_is_read_and_decided_or_refused(is_json: bool, rounds: int) -> None:
    samples, engine = texts(is_json), Engine(POLICY)
    campaign(rounds, lambda random: read_mutated_case(random, samples, is_json, engine))


@counts("rounds", 300, 6000)
def test_a_mutated_query_is_read_or_refused(rounds: int) -> None:
    campaign(rounds, lambda random: read_mutated_query(random, QUERIES))


@counts("rounds", 60, 1500)
def test_a_mutated_file_of_assertions_is_read_or_refused(tmp_path: Path, rounds: int) -> None:
    campaign(rounds, lambda random: read_mutated_assertions(random, tmp_path / "a.txt"))


@pytest.mark.slow
def test_a_mutated_policy_is_read_or_refused(tmp_path: Path) -> None:
    # In a process of its own: clingo ends a process by itself where it meets what it cannot tell of.
    program = (
        "import sys, pathlib; from tests.test_readers import campaign, read_mutated_policy; "
        "campaign(150, lambda random: read_mutated_policy(random, pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "p.lp")]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    assert found.returncode == 0, found.stderr


BAD: dict[str, bytes] = {
    "comment.yaml": b"# nothing here yet\n", "exponent.json": b'{"patient":{"age":1e999999999999999999999}}',
    "tab.yaml": b"patient:\n\tage: 5\n", "utf16.yaml": "pain: {months: 7}".encode("utf-16"),
    "nul.json": b'{"story": "\x00"}',
    "bomb.yaml": b"a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n", "tag.yaml": b"patient: !!set {a}\n",
    "deep.json": b"[" * 100_000, "deep.yaml": b"a: " + b"[" * 500, "twice.json": b'{"pain": {}, "pain": {}}',
    "nan.json": b'{"pain": {"months": NaN}}', "huge.yaml": b"pain: {months: " + b"9" * 100_000 + b"}",
    "surrogate.json": b'{"story": "\\ud800"}', "strange\x1b.yaml": b"\x07",
    "reading.yaml": b"expected: [{readings: {nothing: x}}]",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in BAD.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.yaml").write_bytes(CASES[0].read_bytes())
    (tmp_path / "not utf8 \udcff.yaml").write_bytes(CASES[0].read_bytes())
    (tmp_path / "far.yaml").write_text(
        "pain: {onset: 2024-01-01}\nrequest: {bodies: [L4], planned_procedure_date: 2199-12-31}\n"
    )
    return tmp_path


@pytest.mark.parametrize("command", [["decide", "--brief"], ["decide", "--json"], ["decide"], ["test", "--verbose"]])
def test_one_bad_file_stops_no_other_and_each_is_reported(folder: Path, command: list[str]) -> None:
    found = CliRunner().invoke(bvn, [*command, str(folder)])
    assert found.exit_code == 2 and isinstance(found.exception, SystemExit)
    # `decide` does not look at what a reader expects, and for `test` an unknown reading is a difference.
    bad = len(BAD) - 1
    assert f"{bad} of {len(BAD) + 3} files could not be read or decided; the others were done" in found.stderr
    reported = {line.partition(": ")[0] for line in found.stderr.splitlines()[:-1]}
    assert len(reported) == bad, reported
    if command == ["decide", "--brief"]:
        # Below the lines, the tally and the notice.
        assert len(found.stdout.splitlines()) == 4 + 2


def test_a_fault_of_the_program_in_one_file_is_reported_and_stops_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = Engine.decide

    def faulty(self: Engine, case: Case, *rest: object, **named: object) -> object:
        if case.said("request.planned_procedure_date") is not None:
            raise RecursionError
        return decide(self, case, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "decide", faulty)
    found = CliRunner().invoke(bvn, ["decide", "--brief", str(folder)])
    assert found.exit_code == 2
    assert "far.yaml: cannot be decided: a fault of this program, RecursionError in test_readers.py" in found.stderr
    assert "good.yaml: " in found.stdout


def test_care_of_many_years_is_printed_as_facts(tmp_path: Path) -> None:
    path = tmp_path / "care.yaml"
    path.write_text("conservative_care: {start: 1975-01-01, end: 2020-03-01}\nrequest: {date: 2020-06-01}\n")
    found = CliRunner().invoke(bvn, ["facts", str(path)])
    assert found.exit_code == 0 and "from(care_duration(request),2147483647)." in found.stdout


def crowded(**lists: int) -> Case:
    """Return a case with as many entries in each list as a case may have, on as many levels as the spine has."""
    levels = [
        f"{part}{number}" for part, most in (("C", 7), ("T", 12), ("L", 6), ("S", 5)) for number in range(1, most + 1)
    ]
    levels = [level for level in levels if level not in ("C1", "C2")]
    kinds = [kind for kind, count in lists.items() for _ in range(count)]
    present = [
        {"kind": kind, "levels": levels[place % 8 :: 8], "likely_source": False} for place, kind in enumerate(kinds)
    ]
    entries = [{"levels": levels[place % 8 :: 8]} for place in range(32)]
    return Case.model_validate({
        "findings": {"present": present}, "surgeries": entries, "mri": {"modic_changes": entries},
        "ablations": [{"bodies": levels[place % 8 :: 8], "completed": True, "thermal": True} for place in range(32)],
         "request": {"bodies": levels},
    })  # fmt: skip


FULL: list[dict[str, int]] = [
    {"tumor": 32},
    {"other_pathology": 17, "stenosis": 3, "tumor": 3, "infection": 3, "trauma": 3, "deformity": 3},
    {"stenosis": 3, "tumor": 3, "infection": 3, "trauma": 3, "deformity": 3, "disc_herniation": 3, "spondylolysis": 3,
     "spondylolisthesis": 3, "facet_arthropathy": 3, "compression_fracture": 5},
]  # fmt: skip


@pytest.mark.parametrize("lists", FULL, ids=["one kind", "several kinds", "many kinds"])
def test_a_case_with_every_list_at_its_bound_is_decided_within_bounds(lists: dict[str, int]) -> None:
    engine = Engine(POLICY)
    started = time.process_time()
    decision = engine.decide(crowded(**lists))
    # Two seconds on a quiet machine.
    assert time.process_time() - started < 20
    assert decision.recommendation == "deny"
    (shape,) = engine._programs
    atoms = len(engine.program(shape).control.symbolic_atoms)
    assert shape.size / 1.5 < atoms < shape.size * 1.5 and atoms < 80_000


_PEAK = """
import sys
from bvn_asp import Engine, shipped_policy
from tests.test_readers import FULL, crowded
engine = Engine(shipped_policy())
for lists in FULL:
    engine.decide(crowded(**lists))
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.usefixtures("usual_memory")
def test_several_cases_with_every_list_at_its_bound_take_little_memory() -> None:
    command = [sys.executable, "-c", _PEAK]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    # Megabytes; 220 usually.
    assert int(found.stdout) < 400


def test_the_size_of_a_shape_tells_about_how_many_atoms_it_has() -> None:
    engine = Engine(POLICY)
    for shape in (Shape(), Shape(findings=2), Shape(surgeries=16), Shape(modic=16), Shape(crowded=(("tumor", 32),))):
        atoms = len(engine.program(shape).control.symbolic_atoms)
        assert shape.size / 1.5 < atoms < shape.size * 1.5, shape


def test_a_shape_that_is_too_large_is_refused_before_it_is_ground() -> None:
    with pytest.raises(
        BvnError, match=r"too large to decide: about 2[0-9]{2},[0-9]{3} ground atoms .*, at most 100,000"
    ):
        Engine(POLICY).program(Shape(findings=64, surgeries=64, modic=1024))


@pytest.mark.usefixtures("usual_memory")
def test_ground_programs_are_kept_up_to_a_size_taken_together() -> None:
    engine = Engine(POLICY)
    large = [
        engine.program(Shape(crowded=((kind, 32),), surgeries=32, modic=32, findings=16))
        for kind in ("tumor", "trauma")
    ]
    assert len(engine._programs) == len(large)
    usual = engine.program(Shape())
    engine.program(Shape(crowded=(("infection", 32),), surgeries=32, modic=32, findings=32))
    assert sum(shape.size for shape in engine._programs) <= 100_000
    # What was used last is kept for longest.
    assert engine.program(Shape()) is usual


def test_only_a_kind_with_many_findings_has_room_for_many() -> None:
    present = [{"kind": "stenosis"}] * 5 + [{"kind": "tumor"}] * 2
    shape = shape_of(Case.model_validate({"findings": {"present": present}}), other_anatomy=False)
    # Each has room for one more than is listed.
    assert (shape.room("stenosis"), shape.room("tumor"), shape.room("trauma")) == (8, 4, 2)
