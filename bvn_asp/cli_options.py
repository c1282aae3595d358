"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Readings = Annotated[
    list[str] | None,
    typer.Option("--reading", metavar="QUESTION=OPTION", help="Read a question otherwise; repeatable."),
]
