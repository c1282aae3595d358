"""The command line: which commands there are; the module of a command is imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from bvn_asp.record.files import translate

if TYPE_CHECKING:
    from bvn_asp.record.bases import Document

MODULES = {
    "decide": "decide",
    "test": "expectations",
    "readings": "readings",
    "report": "send",
    "letter": "send",
    "worksheet": "send",
    "find": "query",
    "prove": "query",
    "audit": "audit",
    "atlas": "atlas",
    "whatif": "change",
    "diff": "change",
    "batch": "batch",
    "impact": "batch",
    "export": "tables",
    "generate": "tables",
    "compile": "tables",
    "reviews": "reviews",
    "fhir": "fhir",
    "new": "describe",
    "facts": "describe",
    "schema": "describe",
    "policy": "describe",
    "ask": "ask",
    "serve": "serve",
    "manual": "manual",
}
"""The module of `bvn_asp.cli` that holds each command, under its own name."""


class Commands(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name."""
        if cmd_name not in MODULES:
            return None
        found: click.Command = getattr(import_module(f"bvn_asp.cli.{MODULES[cmd_name]}"), cmd_name)
        return found


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from bvn_asp import __version__
    from bvn_asp.cli.terminal import say
    from bvn_asp.policy.loading import shipped_policy

    policy = shipped_policy()
    say(f"bvn {__version__}")
    say(f"{policy.name}, version {policy.version} ({policy.revised}), sha256 {policy.sha256}")
    context.exit()


@click.command("bvn", cls=Commands, invoke_without_command=True, epilog="Short topics on all of this: bvn manual")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Print the versions of the program and of the policy.",
)  # fmt: skip
@click.pass_context
def bvn(context: click.Context) -> None:
    """Decide and explain cases under a coverage policy for basivertebral nerve ablation. A human reviewer decides."""
    translate("QuestionnaireResponse", _response)
    if context.invoked_subcommand is None:
        from bvn_asp.cli.terminal import BAD_INPUT, fail

        fail(context.get_help(), BAD_INPUT)


def _response(document: Document) -> Document:
    """Return what a FHIR response states, and say what it lacks."""
    from bvn_asp.cli.terminal import fail
    from bvn_asp.fhir.answers import read

    found, remarks = read(document)
    for remark in remarks:
        fail(f"{document.name}: warning: {remark}")
    return found


def run(arguments: list[str]) -> None:
    """Run what `arguments` ask for, or say what is wrong with them; other errors are for `guarded` to report."""
    # Not `main` of click, which would make an exit without a word of an interrupt.
    try:
        with bvn.make_context("bvn", arguments) as context:
            bvn.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        _refuse(error)


def _refuse(error: click.ClickException) -> None:
    """Say what is wrong with the arguments, with nothing of them in it that a terminal would obey."""
    from bvn_asp.cli.terminal import fail

    context = getattr(error, "ctx", None)
    usage = [context.get_usage(), f"Try '{context.command_path} --help' for help.", ""] if context else []
    fail("\n".join([*usage, f"Error: {error.format_message()}"]), error.exit_code)
