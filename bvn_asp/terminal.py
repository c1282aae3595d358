"""What the commands share on a terminal: going through files, progress, messages and exit codes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bvn_asp.case import Case
from bvn_asp.errors import CaseError, ReadingError
from bvn_asp.files import case_files, load_path
from bvn_asp.report import safe

if TYPE_CHECKING:
    from rich.console import Console

    from bvn_asp.policy import Policy

BAD_INPUT = 2
INTERRUPTED = 130
READER_GONE = 141


def each(paths: list[Path], act: Callable[[str, Case], None], closing: str = "") -> None:
    """Load and act on every case; list what could not be read at the end, and then exit with code 2."""
    failures: list[CaseError] = []
    count = 0
    found = list(case_files(paths))
    try:
        for path in _watched(found):
            try:
                act(str(path), load_path(path))
            except CaseError as error:
                failures.append(error)
            count += 1
    except KeyboardInterrupt:
        fail(f"interrupted: {count} of {len(found)} files were done", INTERRUPTED)
    if not count:
        fail(f"no case files in {', '.join(map(str, paths))}", BAD_INPUT)
    if closing and len(failures) < count:
        say(closing)
    sys.stdout.flush()
    for failure in failures:
        fail(str(failure))
    if failures:
        if count > 1:
            fail(f"{len(failures)} of {count} files could not be read; the others were done")
        raise typer.Exit(BAD_INPUT)


def _watched(files: list[Path]) -> Iterator[Path]:
    """Yield `files`, with a progress bar on the terminal once a second has passed."""
    started = time.monotonic()
    remaining = iter(files)
    for done, path in enumerate(remaining, 1):
        yield path
        if done < len(files) and time.monotonic() - started > 1 and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import track

            errors = Console(stderr=True)
            yield from track(remaining, "Deciding", len(files), done, console=errors, transient=True)


def chosen_readings(policy: Policy, options: list[str] | None) -> dict[str, str]:
    """Return the readings given as QUESTION=OPTION; raise ReadingError for one that is not offered."""
    chosen: dict[str, str] = {}
    for text in options or []:
        question, equals, option = text.partition("=")
        if not equals:
            raise ReadingError(f"--reading {text!r}: expected QUESTION=OPTION; `bvn readings` lists them")
        if chosen.get(question, option) != option:
            raise ReadingError(f"--reading {question}: given twice with different options")
        chosen[question] = option
    policy.readings(chosen)
    return chosen


def console() -> Console:
    """Return the console for reports: as wide as the terminal, and never too narrow for a file."""
    from rich.console import Console

    found = Console(highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(highlight=False, width=max(found.width, 120))


def say(line: str) -> None:
    """Print `line` on standard output, with nothing in it that a terminal would obey."""
    sys.stdout.write("\n".join(map(safe, line.split("\n"))) + "\n")


def fail(message: str, code: int | None = None) -> None:
    """Print `message` on standard error, and exit with `code` if there is one."""
    sys.stdout.flush()
    sys.stderr.write("\n".join(map(safe, message.split("\n"))) + "\n")
    if code is not None:
        sys.exit(code)
