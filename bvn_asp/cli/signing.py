"""The commands `bvn reviews sign` and `amend`: what a person decides, from options or from a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.options import PATH, command, keep_option
from bvn_asp.cli.terminal import BAD_INPUT, fail, say
from bvn_asp.reviews.store import Store

if TYPE_CHECKING:
    from bvn_asp.reviews.documents import Signature
    from bvn_asp.reviews.signing import Final

_entry = click.argument("number", metavar="ENTRY", type=click.IntRange(min=1))


def _final_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--on", multiple=True, metavar="CRITERION=TEXT", help="A comment on it, or a body; repeatable."),
        click.option("--comment", metavar="TEXT", help="A comment on the whole."),
        click.option("--bodies", metavar="L4,L5", help="For which bodies, if it is not for all that were requested."),
        click.option("--decision", metavar="WORD", help="The final decision: approve, partial, deny or pend."),
        click.option("--reviewer", metavar="NAME", help="Who decides."),
        click.option(
            "--from", "form", metavar="FILE", type=PATH,
            help="Read all of this from a JSON file, or - for standard input, with these fields: reviewer, decision, "
            "bodies, comment, comments, why. Nothing of it then appears on a command line.",
        ),
    ):  # fmt: skip
        command = option(command)
    return keep_option(required=True)(command)


@command("reviews")
@_entry
@_final_options
def sign(number: int, keep: Path, **given: Any) -> None:
    """Sign a decision: add who decided what, and lock it.

    A decision other than the recommended one needs a comment.

    \b
    bvn reviews sign 1 --keep reviews.db --reviewer "A. Reviewer" --decision approve --on i3="see the notes of May"
    """
    final, why = _final(given)
    if why:
        fail("why: goes with an amendment, not with a first signature", BAD_INPUT)
    _receipt(Store(keep).sign(number, final))


@command("reviews")
@_entry
@_final_options
@click.option("--why", metavar="TEXT", help="Why it is amended.")
def amend(number: int, keep: Path, **given: Any) -> None:
    """Amend a signature: a new entry that names the old one, which stays.

    ENTRY is the number of the signature.

    \b
    bvn reviews amend 2 --keep reviews.db --reviewer "B. Reviewer" --decision deny --comment "see i3" --why "new notes"
    """
    final, why = _final(given)
    _receipt(Store(keep).amend(number, final, why))


def _final(given: dict[str, Any]) -> tuple[Final, str]:
    """Return what a person decides, and why it is amended, from the options and the file that they name."""
    from bvn_asp.reviews.signing import Final, read_form

    comments: dict[str, str] = {}
    for text in given["on"]:
        id, equals, comment = text.partition("=")
        if not equals or id in comments:
            fail(f"--on {id}: {'given twice' if equals else 'expected CRITERION=TEXT'}", BAD_INPUT)
        comments[id] = comment
    form = read_form(_read(given["form"])) if given["form"] is not None else None
    said = {name: given.get(name) or (getattr(form, name) if form else "") for name in ("reviewer", "comment", "why")}
    word = given["decision"] or (form.decision if form else "")
    missing = [f"--{name}" for name, value in (("reviewer", said["reviewer"]), ("decision", word)) if not value]
    if missing:
        fail(f"{' and '.join(missing)}: missing; a person decides, and signs by name", BAD_INPUT)
    bodies = [body.strip() for body in (given["bodies"] or "").split(",") if body.strip()]
    everything = {**(form.comments if form else {}), **comments}
    final = Final(said["reviewer"], word, bodies or (form.bodies if form else ()), said["comment"], everything)
    return final, said["why"]


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}", BAD_INPUT)
        raise


def _receipt(added: Signature) -> None:
    amended = f", in the place of entry {added.amends}" if added.amends is not None else ""
    say(f"entry {added.number}: {added.decision} by {added.reviewer}, on entry {added.of}{amended}")
    say(f"sha256 {added.sha256}")
