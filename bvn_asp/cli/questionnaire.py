"""The commands `bvn fhir questionnaire`, `write`, `read` and `package`: what is asked, and cases as answers to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.options import PATH, case_argument, command
from bvn_asp.cli.terminal import BAD_INPUT, fail, say

if TYPE_CHECKING:
    from bvn_asp.fhir.response import Context, Filled
    from bvn_asp.record.case import Case

_REFERENCES = {"patient": "Patient/1", "coverage": "Coverage/1", "order": "ServiceRequest/1"}
"""What a response refers to and no case knows, each with an example."""
_output = click.option(
    "-o", "--output", type=PATH, metavar="FILE", required=True, help="A new file."
)  # fmt: skip
_whole = click.option("--all", "whole", is_flag=True, help="Ask what decides nothing, too.")

_adaptive = click.option(
    "--adaptive", default="", metavar="SERVER",
    help="Ask question by question: SERVER/Questionnaire/$next-question tells the next one.",
)  # fmt: skip


def _references(made: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for what a response refers to and no case knows."""
    for name, example in reversed(_REFERENCES.items()):
        words = f"The {name} that the response is for, such as {example}."
        made = click.option(f"--{name}", default="", metavar="REFERENCE", help=words)(made)
    return made


@command("fhir")
@_whole
@_adaptive
@_output
def questionnaire(whole: bool, adaptive: str, output: Path) -> None:
    """Write the policy as a questionnaire: what it asks, with the clause that asks.

    A Questionnaire of FHIR R4, as the guides SDC and DTR have it.
    """
    from bvn_asp.fhir.items import asked, below
    from bvn_asp.fhir.questionnaire import adaptive_questionnaire, version
    from bvn_asp.fhir.questionnaire import questionnaire as made

    if adaptive:
        _check_adaptive(adaptive, whole=whole)
        _write(output, adaptive_questionnaire(adaptive))
        say(f"{output}: a questionnaire that is asked question by question, version {version()}")
        return
    _write(output, made(whole=whole))
    count = sum(item.kind != "group" for item in below(asked(whole=whole)))
    say(f"{output}: {count} questions, version {version()}")


@command("fhir")
@case_argument
@_whole
@_references
@_output
def write(path: Path, whole: bool, output: Path, **references: str) -> None:
    """Write a case as answers to the questionnaire; `bvn decide` decides them alike.

    What no answer states is listed.
    """
    from bvn_asp.fhir.response import response

    filled = response(_case(path), _context(references), whole=whole)
    _write(output, filled.resource)
    say(f"{output}: answers to the questionnaire")
    _tell_left(filled)


@command("fhir")
@click.argument("path", metavar="RESPONSE", type=PATH)
@_output
def read(path: Path, output: Path) -> None:
    """Write the answers of a QuestionnaireResponse as a case file, .yaml or .json."""
    from bvn_asp.output import check_new, write_file
    from bvn_asp.record.writing import json_text, plain_content, yaml_text

    suffix = output.suffix.lower()
    if suffix not in (".yaml", ".yml", ".json"):
        fail(f"{output}: name a file that ends in .yaml or .json", BAD_INPUT)
    check_new(output)
    content = plain_content(_case(path))
    write_file(output, json_text(content) if suffix == ".json" else yaml_text(content))
    say(f"{output}: a case, for `bvn decide {output}`")


@command("fhir")
@click.argument("path", metavar="[CASE]", type=PATH, required=False)
@_whole
@_adaptive
@click.option("--parameters", is_flag=True, help="Write it in Parameters, as what $questionnaire-package returns.")
@_references
@_output
def package(path: Path | None, whole: bool, adaptive: str, parameters: bool, output: Path, **references: str) -> None:
    """Write the package that a payer hands out: the questionnaire, and a response with what CASE states already.

    A Bundle as DTR has it.
    """
    from bvn_asp.fhir.package import package as made
    from bvn_asp.fhir.package import returned
    from bvn_asp.record.case import Case

    if adaptive:
        _check_adaptive(adaptive, whole=whole)
    filled = made(Case() if path is None else _case(path), _context(references), whole=whole, adaptive=adaptive)
    _write(output, returned(filled.resource) if parameters else filled.resource)
    say(f"{output}: the questionnaire, and a response to go on with")
    _tell_left(filled)


def _check_adaptive(server: str, *, whole: bool) -> None:
    if not server.startswith(("http://", "https://")):
        fail(f"--adaptive {server}: expected an address such as http://127.0.0.1:8642/api/fhir", BAD_INPUT)
    if whole:
        fail("--all and --adaptive: question by question, nothing is asked that decides nothing", BAD_INPUT)


def _case(path: Path) -> Case:
    from bvn_asp.record.files import case_at, is_folder

    if is_folder(path):
        fail(f"{path}: a folder; expected one case", BAD_INPUT)
    return case_at(path)


def _context(references: dict[str, str]) -> Context:
    from datetime import UTC, datetime

    from bvn_asp.fhir.response import Context

    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Context(now, references["patient"], references["coverage"], references["order"])


def _write(output: Path, resource: dict[str, Any]) -> None:
    from bvn_asp.fhir.text import json_text
    from bvn_asp.output import write_file

    write_file(output, json_text(resource))


def _tell_left(filled: Filled) -> None:
    for line in filled.left:
        fail(f"left out: {line}")
