"""Options that several commands take, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bvn_asp.errors import ReadingError

if TYPE_CHECKING:
    from bvn_asp.policy.register import Policy

PATH = click.Path(path_type=Path)

case_argument = click.argument("path", metavar="CASE", type=PATH)
reading_option = click.option(
    "--reading", multiple=True, metavar="QUESTION=OPTION", help="Read a question otherwise; repeatable."
)
assume_absent_option = click.option(
    "--assume-absent/--no-assume-absent",
    default=None,
    help="Run as a complete record, or not, whatever the record says: unstated is absent, for non-indications.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
confirm_option = click.option("--confirm", is_flag=True, help="Let a second engine check every proof (extra `proof`).")
policy_option = click.option("--policy", metavar="FILE", type=PATH, help="A policy program instead of the shipped one.")


def keep_option(*, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that names the file of reviews, for those who keep it, and as `required` who read it."""

    def named(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
        if required and path is None:
            raise click.UsageError("name the file of reviews: --keep FILE, or the environment variable BVN_REVIEWS")
        return path

    words = "The file of reviews" if required else "Keep what was decided in this file of reviews"
    return click.option(
        "--keep", type=PATH, metavar="FILE", envvar="BVN_REVIEWS", callback=named, help=f"{words} (or BVN_REVIEWS)."
    )


def command(topic: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return what makes a command of a function, whose help points at a topic of the manual."""
    return click.command(epilog=f"More: bvn manual {topic}")


def timeout_option(default: float | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that ends a search early."""
    return click.option(
        "--timeout", type=click.FloatRange(min=0.01), metavar="SECONDS", default=default,
        show_default=default is not None, help="Stop searching after that.",
    )  # fmt: skip


def limit_option(words: str, *, default: int | None = None, most: int | None = None) -> Callable[..., Any]:
    """Return the option for how much a command looks for at most."""
    return click.option(
        "--limit", type=click.IntRange(min=1, max=most), metavar="N", default=default, show_default=default is not None,
        help=words,
    )  # fmt: skip


def chosen_readings(policy: Policy, options: Sequence[str]) -> dict[str, str]:
    """Return the readings that `options` choose, as QUESTION=OPTION; raise ReadingError for what is not offered."""
    chosen: dict[str, str] = {}
    for text in options:
        question, equals, option = text.partition("=")
        if not equals:
            raise ReadingError(f"--reading {text!r}: expected QUESTION=OPTION; `bvn readings` lists them")
        if chosen.get(question, option) != option:
            raise ReadingError(f"--reading {question}: given twice with different options")
        chosen[question] = option
    policy.readings(chosen)
    return chosen
