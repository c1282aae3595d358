"""The command `bvn serve`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bvn_asp.cli.extras import needs
from bvn_asp.cli.options import command, keep_option


@command("workbench")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Another port than 8642; 0: any that is free.")
@click.option("--address", metavar="IP", default="127.0.0.1", show_default=True,
              help="Another address of this machine; what others can reach asks for a token.")  # fmt: skip
@click.option("--token", metavar="TEXT", default="", envvar="BVN_TOKEN", help="The token; otherwise one is made up.")
@click.option("--browser/--no-browser", default=True, help="Open a page, or not.")
@keep_option()
def serve(port: int | None, address: str, token: str, browser: bool, keep: Path | None) -> None:
    """Open the workbench: cases, policy, questions and audits in a browser.

    It is served on this machine alone and asks no other for anything.
    """
    needs("web")
    from bvn_asp.cli.terminal import say
    from bvn_asp.web.serve import PORT
    from bvn_asp.web.serve import serve as run

    def said(line: str) -> None:
        say(line)
        sys.stdout.flush()

    store = None
    if keep is not None:
        from bvn_asp.reviews.store import Store

        store = Store(keep, create=True)
    run(address, PORT if port is None else port, token=token, browser=browser, say=said, store=store)
