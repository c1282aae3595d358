"""The commands `bvn reviews ...`: what was kept of decisions, listed, signed, exported, decided again and verified."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.cli.options import PATH, chosen_readings, json_option, keep_option, policy_option, reading_option
from bvn_asp.cli.signing import amend, sign
from bvn_asp.cli.terminal import Working, say, tell
from bvn_asp.reviews.store import Store

if TYPE_CHECKING:
    from pydantic import BaseModel


NOT_INTACT = 1
"""Exit code where a store is not as it was written."""
_DAY = click.DateTime(["%Y-%m-%d"])
_NUMBER = click.IntRange(min=1)
_entry = click.argument("number", metavar="ENTRY", type=_NUMBER)
_entries = click.argument("numbers", metavar="[ENTRY]...", nargs=-1, type=_NUMBER)
_full = click.option("--full", is_flag=True, help="Everything.")


@click.group(epilog="More: bvn manual reviews")
def reviews() -> None:
    """List, sign and decide again what was kept.

    `bvn decide CASE --keep FILE` keeps a decision; a person signs it here. FILE is given with --keep, or by the
    environment variable BVN_REVIEWS.

    \b
    bvn decide cases/approve_two_bodies.yaml --keep reviews.db
    bvn reviews list --keep reviews.db
    """


def _command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    return reviews.command(name, epilog="More: bvn manual reviews")


@_command("list")
@click.option("--open", "unsigned", is_flag=True, help="Only what nobody has signed.")
@click.option("--reviewer", metavar="NAME", help="Only what this person has signed.")
@click.option("--since", type=_DAY, metavar="DAY", help="Only what was kept or signed on this day (UTC) or later.")
@click.option("--until", type=_DAY, metavar="DAY", help="Only what was kept or signed on this day (UTC) or before.")
@click.option("--full", is_flag=True, help="Every signature and amendment, too.")
@json_option
@keep_option(required=True)
def listing(
    unsigned: bool, reviewer: str | None, since: datetime | None, until: datetime | None, full: bool, as_json: bool,
    keep: Path,
) -> None:  # fmt: skip
    """List decisions, a line each: number, when, what was recommended, who decided what, case.

    \b
    bvn reviews list --keep reviews.db --open
    bvn reviews list --keep reviews.db --since 2025-01-01 --reviewer "A. Reviewer"
    """
    from bvn_asp.reviews import text
    from bvn_asp.reviews.documents import ReviewLine

    found = [
        review
        for review in Store(keep).reviews()
        if not (unsigned and review.final)
        and (reviewer is None or any(signature.reviewer == reviewer for signature in review.signatures))
        and any(
            (since is None or day >= f"{since:%Y-%m-%d}") and (until is None or day <= f"{until:%Y-%m-%d}")
            for day in (entry.at[:10] for entry in (review.kept, *review.signatures))
        )
    ]
    if as_json:
        _print(ReviewLine(decision=review.kept, final=review.final) for review in found)
    else:
        from bvn_asp.report.page import Page

        _tell(text.listed(found, full=full, width=Page().width))


@_command("show")
@_entry
@_full
@click.option("--case", "case", is_flag=True, help="Print the case as it was given, for `bvn decide -`.")
@click.option("--policy", "policy", is_flag=True, help="Print the program of the policy that decided.")
@json_option
@keep_option(required=True)
def show(number: int, full: bool, case: bool, policy: bool, as_json: bool, keep: Path) -> None:
    """Show a decision and what a person made of it; ENTRY is the number of either.

    \b
    bvn reviews show 1 --keep reviews.db --full
    """
    from bvn_asp.reviews import text

    store = Store(keep)
    review = store.review(number)
    if case:
        say(json.dumps(store.given(review.kept), indent=2))
    elif policy:
        say(store.policy_text(review.kept).removesuffix("\n"))
    elif as_json:
        _print([store.document(review.kept), *map(store.document, review.signatures)])
    else:
        _tell(text.shown(review, store.decision(review.kept), full=full))


@_command("export")
@_entries
@click.option("-o", "--output", type=PATH, metavar="FILE", help="A new file, which only you can read.")
@keep_option(required=True)
def export(numbers: tuple[int, ...], output: Path | None, keep: Path) -> None:
    """Print entries as JSON, a line each, with the case and the whole decision; `bvn schema --reviews` describes it.

    \b
    bvn reviews export --keep reviews.db -o reviews.jsonl
    """
    from bvn_asp.output import whole_file
    from bvn_asp.reviews.database import PRIVATE

    store = Store(keep)
    documents = map(store.document, map(store.entry, numbers) if numbers else store.entries())
    if output is None:
        _print(documents)
        return
    count = 0
    with whole_file(output) as unfinished:
        unfinished.chmod(PRIVATE)
        with unfinished.open("w", encoding="utf-8") as file:
            for count, document in enumerate(documents, 1):  # noqa: B007
                file.write(f"{_line(document)}\n")
    say(f"{output}: {count} entr{'y' if count == 1 else 'ies'}")


@_command("replay")
@_entries
@policy_option
@reading_option
@click.option("--full", is_flag=True, help="Also where the answer is the same and only a status is not.")
@json_option
@keep_option(required=True)
def replay(
    numbers: tuple[int, ...], policy: Path | None, reading: tuple[str, ...], full: bool, as_json: bool, keep: Path
) -> None:
    """Decide kept cases again and list what would now come out otherwise, with the clauses.

    Under the policy of today, another one or another reading. Each case is otherwise read as it was then.

    \b
    bvn reviews replay --keep reviews.db
    bvn reviews replay --keep reviews.db --reading impermissible_bodies=all_or_nothing
    """
    from bvn_asp.decision.engine import Engine
    from bvn_asp.policy.loading import load_policy, shipped_policy
    from bvn_asp.reviews import text
    from bvn_asp.reviews.replay import Replayed, document
    from bvn_asp.reviews.replay import replay as decided_again

    store = Store(keep)
    engine = Engine(shipped_policy() if policy is None else load_policy(policy))
    readings = chosen_readings(engine.policy, reading)
    found: list[Replayed] = []
    with Working("deciding again") as working:
        for item in decided_again(store, engine, readings, numbers or None):
            found.append(item)
            working.show(f"{len(found)} done")
    if as_json:
        _print(document(item, engine.policy, readings) for item in found)
    else:
        _tell(text.replayed(found, engine.policy, readings, full=full))


@_command("verify")
@click.option("--head", default="", metavar="SHA256", help="The last hash, noted earlier: it must still be there.")
@json_option
@keep_option(required=True)
def verify(head: str, as_json: bool, keep: Path) -> None:
    """Check that no entry was changed or removed.

    Exit code 1: something was. Note the last hash somewhere else, and give it later with --head: a store that was
    made anew from its beginning is noticed by that alone.

    \b
    bvn reviews verify --keep reviews.db
    """
    from bvn_asp.reviews import text
    from bvn_asp.reviews.verification import verify as verified

    found = verified(Store(keep), head)
    if as_json:
        _print([found])
    else:
        _tell(text.verified(found))
    if not found.intact:
        sys.stdout.flush()
        sys.exit(NOT_INTACT)


reviews.add_command(sign)
reviews.add_command(amend)


def _tell(lines: Iterator[str]) -> None:
    tell("\n".join(lines))


def _print(documents: Iterable[BaseModel]) -> None:
    for document in documents:
        say(_line(document))


def _line(document: BaseModel) -> str:
    return json.dumps(document.model_dump(mode="json", by_alias=True))
