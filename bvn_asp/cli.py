"""The command line: `bvn decide`, `test`, `readings`, `facts`, `schema`, `policy`; others have modules of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bvn_asp import cli_atlas, cli_change, cli_query
from bvn_asp.case import Case
from bvn_asp.cli_audit import audit
from bvn_asp.cli_batch import register
from bvn_asp.cli_options import Readings
from bvn_asp.decide import Engine
from bvn_asp.deciding import chosen_readings, decide_paths
from bvn_asp.decision import NOTICE
from bvn_asp.layout import table
from bvn_asp.policy import shipped_policy
from bvn_asp.terminal import BAD_INPUT, Page, each, fail, guarded, say, watched

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Decide and explain cases under a coverage policy for basivertebral nerve ablation. A human reviewer decides.",
)

Paths = Annotated[list[Path], typer.Argument(help="Case files, folders of case files, or - for standard input.")]
AssumeAbsent = Annotated[
    bool | None,
    typer.Option(
        "--assume-absent/--no-assume-absent",
        help="Run as a complete record, or not, whatever the record says: unstated is absent, for non-indications.",
    ),
]


@app.command()
def decide(
    paths: Paths,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document for each case, see `bvn schema --decision`.")
    ] = False,
    brief: Annotated[bool, typer.Option("--brief", help="One line for each case.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Unfold satisfied criteria and readings too.")] = False,
    reading: Readings = None,
    assume_absent: AssumeAbsent = None,
) -> None:
    """Decide cases and explain the recommendation."""
    decide_paths(paths, as_json=as_json, brief=brief, full=full, reading=reading or (), assume_absent=assume_absent)


app.command()(audit)


@app.command()
def test(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Case files or folders; by default the folder `cases`.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Name the cases that hold too.")] = False,
) -> None:
    """Compare cases with the answers they expect, and print which clauses were seen on which side."""
    from bvn_asp.suite import Coverage, check

    engine, coverage = Engine(shipped_policy()), Coverage()
    counts = {"held": 0, "differed": 0, "without": 0}

    def compare(name: str, case: Case) -> None:
        counts["without"] += not case.expected
        for expectation, found in check(engine, case, coverage):
            counts["differed" if found else "held"] += 1
            read = "".join(f" {question}={option}" for question, option in expectation.readings.items())
            if found or verbose:
                say(f"{'DIFFERS' if found else 'holds'}  {name}{read}")
            for line in found:
                say(f"    {line}")

    try:
        each(paths or [Path("cases")], compare)
    finally:
        if coverage.seen:
            _coverage(engine, coverage)
        say(
            f"{counts['held']} expected answers hold, {counts['differed']} differ; "
            f"{counts['without']} cases expect nothing"
        )
    if counts["differed"]:
        raise typer.Exit(1)


@app.command()
def readings(
    case: Annotated[Path | None, typer.Argument(help="A case to decide under every option.")] = None,
    reading: Readings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the questions that the policy leaves open, or what each option would decide for a case."""
    engine = Engine(shipped_policy())
    if case is None:
        questions = engine.policy.questions.values()
        if as_json:
            say(json.dumps([{**vars(question)} for question in questions], indent=2))
            return
        for question in questions:
            say(f"{question.id}  ({question.where})\n  {question.text}")
            for option, meaning in question.options.items():
                say(f"    {'*' if option == question.default else ' '} {option}: {meaning}")
            say(f"    default because: {question.why}\n")
        return
    chosen = chosen_readings(engine.policy, reading)
    each([case], lambda name, loaded: _compare(engine, name, loaded, chosen, as_json=as_json))


@app.command()
def facts(
    path: Annotated[Path, typer.Argument(help="A case file, or - for standard input.")],
    reading: Readings = None,
    assume_absent: AssumeAbsent = None,
) -> None:
    """Print a case as facts: `clingo policy.lp FACTS` decides the same on them."""
    from bvn_asp.facts import facts_for
    from bvn_asp.terms import to_symbol

    engine = Engine(shipped_policy())
    chosen = chosen_readings(engine.policy, reading)

    def show(name: str, case: Case) -> None:
        for term in facts_for(case, engine.policy, engine.policy.readings(chosen), assume_absent=assume_absent).terms():
            say(f"{to_symbol(term)}.")

    if path.is_dir():
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    each([path], show)


@app.command()
def schema(
    decision: Annotated[bool, typer.Option("--decision", help="Of the JSON that `bvn decide --json` prints.")] = False,
    as_table: Annotated[bool, typer.Option("--table", help="A table of the fields of a case file instead.")] = False,
) -> None:
    """Print the JSON Schema of a case file."""
    from bvn_asp import document
    from bvn_asp.schema import field_table, json_schema

    if as_table:
        if decision:
            fail("--table is of a case file, and does not go with --decision", BAD_INPUT)
        page = Page()
        rows = [
            ((path, "bold"), (f"{choices}{f' ({meaning})' if meaning else ''}", ""))
            for path, choices, meaning in field_table()
        ]
        page.show(table(("Field", "What it holds"), rows, page.width, boxes=page.boxes))
        say("\nEvery field may be left out or be unknown. [] marks each entry of a list.")
        return
    say(json.dumps(document.json_schema() if decision else json_schema(), indent=2))


@app.command()
def policy(
    where: Annotated[bool, typer.Option("--path", help="Print only where policy.lp lies.")] = False,
) -> None:
    """Print the register of clauses: what each item of the document became, and what is not encoded."""
    from bvn_asp.policy import shipped_path

    if where:
        say(str(shipped_path()))
        return
    read = shipped_policy()
    say(f"{read.name}\nversion {read.version}, revised {read.revised}, sha256 {read.sha256}\n{shipped_path()}\n")
    for clause in read.clauses.values():
        say(f"{clause.id:5} {clause.kind:14} {clause.citation}: {clause.label}")
    say("\nNot encoded")
    for section, item, why in read.unencoded:
        say(f"  {section}, {item}: {why}")
    say("\nDefects of the text, read and not proved")
    for place, what in read.text_defects:
        say(f"  {place}: {what}")


app.command()(cli_query.find)
app.command()(cli_query.prove)
app.command()(cli_atlas.atlas)
cli_change.add_to(app)
register(app)


def main() -> None:
    """Run the command line; every failure that a user can cause ends in a message and exit code 2."""
    guarded(_run)


def _run() -> None:
    try:
        app()
    except SystemExit as end:
        # Typer makes an exit without a word of an interrupt that a command has not met itself.
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def _compare(engine: Engine, name: str, case: Case, chosen: dict[str, str], *, as_json: bool) -> None:
    from bvn_asp.readings import compare_readings

    questions = watched(list(engine.policy.questions.values()), "Reading")
    comparisons = list(compare_readings(engine, case, chosen, questions=questions))
    if as_json:
        say(json.dumps({
            "file": name,
            "depends_on": [comparison.question for comparison in comparisons if comparison.matters],
            "outcomes": {c.question: {o: out._asdict() for o, out in c.outcomes.items()} for c in comparisons},
        }, indent=2))  # fmt: skip
        return
    for comparison in sorted(comparisons, key=lambda item: not item.matters):
        default = engine.policy.questions[comparison.question].default
        say(f"{comparison.question}{'   DEPENDS ON THIS' if comparison.matters else ''}")
        for option, found in comparison.outcomes.items():
            bodies = ", ".join(f"{body} {status}" for body, status in found.bodies)
            say(
                f"  {'*' if option == default else ' '} {option}: {found.recommendation}"
                + (f" ({bodies})" if bodies else "")
            )
    deciding = [comparison.question for comparison in comparisons if comparison.matters]
    say(f"\n{name}: the outcome depends on {', '.join(deciding) or 'none of the questions'}\n{NOTICE}")


def _coverage(engine: Engine, coverage: Any) -> None:
    say("\nClause  seen as")
    for id, counts in coverage.rows(engine.policy):
        say(f"  {id:5} " + "  ".join(f"{status} {count}" for status, count in counts))
    unseen = coverage.unseen(engine.policy)
    say("never seen: " + (", ".join(f"{id} {status}" for id, status in unseen) or "none") + "\n")


if __name__ == "__main__":
    main()
