"""The commands `bvn new`, `facts`, `schema` and `policy`: an empty case, a case as facts, what both can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bvn_asp.cli.options import (
    PATH,
    assume_absent_option,
    case_argument,
    chosen_readings,
    command,
    reading_option,
)
from bvn_asp.cli.terminal import BAD_INPUT, each, fail, say, show
from bvn_asp.policy.loading import shipped_path, shipped_policy
from bvn_asp.record.files import is_folder
from bvn_asp.record.table import SECTIONS

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy
    from bvn_asp.record.case import Case


@command("cases")
@click.argument("path", type=PATH, metavar="FILE")
def new(path: Path) -> None:
    """Write an empty case to fill in.

    Every field of a case file as a comment that says what it can hold. FILE must be new.
    """
    from bvn_asp.output import check_new, write_file
    from bvn_asp.record.blank import blank

    check_new(path)
    write_file(path, blank())
    say(f"{path}: fill in what the record states, then `bvn decide {path}`")


@command("policy")
@case_argument
@reading_option
@assume_absent_option
def facts(path: Path, reading: tuple[str, ...], assume_absent: bool | None) -> None:
    """Print a case as facts.

    `clingo policy.lp FACTS` decides the same on them.
    CASE is a case file, or - for standard input.
    """
    from bvn_asp.decision.facts import facts_for
    from bvn_asp.policy.terms import to_symbol

    policy = shipped_policy()
    readings = policy.readings(chosen_readings(policy, reading))

    def act(_: str, case: Case) -> None:
        for term in facts_for(case, policy, readings, assume_absent=assume_absent).terms():
            say(f"{to_symbol(term)}.")

    if is_folder(path):
        fail(f"{path}: a folder; expected one case file", BAD_INPUT)
    each([path], act)


DOCUMENTED = ("find", "prove", "whatif", "diff", "audit", "questions", "readings", "test")
"""What has a schema besides cases, decisions and reviews, by the command that prints it."""


@command("cases")
@click.option("--decision", is_flag=True, help="Of the JSON that `bvn decide --json` prints.")
@click.option("--reviews", is_flag=True, help="Of the JSON that `bvn reviews` prints.")
@click.option("--document", type=click.Choice(DOCUMENTED), help="Of what it prints as JSON.")
@click.option("--table", "as_table", is_flag=True, help="A table of the fields of a case file instead.")
@click.argument("section", required=False)
def schema(decision: bool, reviews: bool, document: str | None, as_table: bool, section: str | None) -> None:
    """Print the JSON Schema of a case file.

    With --table, SECTION picks the fields below it, such as pain or mri.
    """
    if section is not None and not as_table:
        fail("SECTION goes with --table", BAD_INPUT)
    if as_table:
        if decision or reviews or document:
            fail("--table is of a case file, and goes with none of --decision, --reviews and --document", BAD_INPUT)
        from bvn_asp.report.fields import fields

        found = list(fields(section or ""))
        if not found:
            fail(f"there is no section {section!r}; sections: {', '.join(SECTIONS)}", BAD_INPUT)
        show(*found)
        return
    if decision + reviews + (document is not None) > 1:
        fail("give one of --decision, --reviews and --document", BAD_INPUT)
    if document is not None:
        from bvn_asp.report.schemas import schema_of_document

        say(json.dumps(schema_of_document(document), indent=2))
        return
    if reviews:
        from bvn_asp.reviews.documents import json_schema

        say(json.dumps(json_schema(), indent=2))
        return
    from bvn_asp.record import schema as of_case
    from bvn_asp.report import schema as of_decision

    say(json.dumps((of_decision if decision else of_case).json_schema(), indent=2))


@command("policy")
@click.option("--path", "where", is_flag=True, help="Print only where policy.lp lies.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write it as a new file: .html, .md, .docx or .xlsx.")
def policy(where: bool, output: Path | None) -> None:
    """Print the register of clauses.

    What each item of the document became, and what is not encoded. As a file: with lay words, what to see for each
    clause, and every question with its options, to be published.
    """
    if where:
        say(str(shipped_path()))
        return
    read = shipped_policy()
    if output is not None:
        _publish(read, output)
        return
    say(f"{read.name}\nversion {read.version}, revised {read.revised}, sha256 {read.sha256}\n{shipped_path()}\n")
    for clause in read.clauses.values():
        say(f"{clause.id:5} {clause.kind:14} {clause.citation}: {clause.label}")
    say("\nNot encoded")
    for section, item, why in read.unencoded:
        say(f"  {section}, {item}: {why}")
    say("\nDefects of the text, read and not proved")
    for place, what in read.text_defects:
        say(f"  {place}: {what}")


def _publish(read: Policy, output: Path) -> None:
    from bvn_asp.cli.extras import ready
    from bvn_asp.report.paper import register
    from bvn_asp.report.paper.files import PAPER, SHEETS, write_paper
    from bvn_asp.report.paper.sheets import write_sheets

    if ready(output, (*PAPER, *SHEETS)) in SHEETS:
        write_sheets(register.sheets(read), output, properties=read.name)
    else:
        write_paper(register.paper(read), output)
    say(f"{output}: {len(read.clauses)} clauses, {len(read.questions)} questions\n{register.NOTICE}")
