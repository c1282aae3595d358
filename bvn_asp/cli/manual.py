"""The command `bvn manual`."""

from __future__ import annotations

import sys

import click

from bvn_asp.cli.terminal import BAD_INPUT, fail, say
from bvn_asp.manual import topic_text, topics


@click.command()
@click.argument("topic", required=False)
def manual(topic: str | None) -> None:
    """Print a topic of the manual, or the list of topics."""
    known = topics()
    if topic is None:
        for name, title in known.items():
            say(f"{name:12} {title}")
        say("\nbvn manual TOPIC prints one of them.")
        return
    if topic not in known:
        fail(f"there is no topic {topic!r}; topics: {', '.join(known)}", BAD_INPUT)
    if not sys.stdout.isatty():
        say(topic_text(topic).rstrip("\n"))
        return
    from rich.markdown import Markdown

    from bvn_asp.report.page import Page

    Page().show(Markdown(topic_text(topic)))
