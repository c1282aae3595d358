"""What the commands share on a terminal: going through files, progress, messages and exit codes."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bvn_asp.cli.interruption import INTERRUPTED, Interruption
from bvn_asp.errors import BvnError, CaseError
from bvn_asp.record.files import case_files, given_at
from bvn_asp.report.safe import safe_lines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.status import Status

    from bvn_asp.record.case import Case
    from bvn_asp.record.files import Given


BAD_INPUT = 2
READER_GONE = 141

T = TypeVar("T")


def guarded(act: Callable[[], object]) -> None:
    """Run a command; every failure that a user can cause ends in a message and exit code 2."""
    check_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    interruption = Interruption()
    try:
        with interruption:
            try:
                act()
            finally:
                sys.stdout.flush()
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone: nothing is left to say, and Python must not complain at exit either.
        _drop_output()
        sys.exit(READER_GONE)
    except OSError as error:
        _drop_output()
        fail(f"the output cannot be written: {error.strerror or error}", BAD_INPUT)
    except MemoryError:
        fail("the memory is exhausted; try fewer cases at a time, or fewer --workers", BAD_INPUT)
    except BvnError as error:
        fail(str(error), BAD_INPUT)


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_streams() -> None:
    """Open standard streams that were closed, lest a file takes their place; exit with code 2 without an output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is taken, which is this one.
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
        fail("the output cannot be written: standard output is closed", BAD_INPUT)


def each(
    paths: list[Path],
    act: Callable[[str, Case], None],
    closing: Callable[[], None] = lambda: None,
    ready: Callable[[Case], None] = lambda case: None,
) -> None:
    """Load and act on every case; see `each_given`."""
    each_given(paths, lambda name, given: act(name, given.case), closing, lambda given: ready(given.case))


def each_given(
    paths: list[Path],
    act: Callable[[str, Given], None],
    closing: Callable[[], None] = lambda: None,
    ready: Callable[[Given], None] = lambda given: None,
) -> None:
    """Load and act on every case; list what could not be read or decided at the end, and then exit with code 2.

    `ready` prepares for the first case, and `closing` says what is said after the last; what they raise is no fault of
    a file.
    """
    failures: list[str] = []
    count = 0
    started = False
    found = list(case_files(paths))
    try:
        for path in watched(found, "Deciding"):
            count += 1
            for name, given in (_attempted(str(path), partial(given_at, path), failures) or {}).items():
                if not started:
                    ready(given)
                    started = True
                _attempted(name, partial(act, name, given), failures)
    except KeyboardInterrupt:
        fail(f"interrupted: {max(count - 1, 0)} of {len(found)} files were done", INTERRUPTED)
    if not count:
        fail(f"no case files in {', '.join(map(str, paths))}", BAD_INPUT)
    closing()
    sys.stdout.flush()
    for failure in failures:
        fail(failure)
    if failures:
        if count > 1:
            fail(f"{len(failures)} of {count} files could not be read or decided; the others were done")
        sys.exit(BAD_INPUT)


def _attempted(name: str, act: Callable[[], T], failures: list[str]) -> T | None:
    """Return what `act` returns, or None if it fails for the file `name`: then `failures` says why."""
    try:
        return act()
    except CaseError as error:
        failures.append(str(error))
    except BvnError as error:
        failures.append("\n".join(f"{name}: {line}" for line in str(error).split("\n")))
    except OSError:
        # The output cannot be written: that is no fault of the file.
        raise
    except MemoryError:
        failures.append(f"{name}: there is not enough memory to decide it")
    except Exception as error:
        # A fault of the program in one case must not keep the others from being decided.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        failures.append(f"{name}: cannot be decided: a fault of this program, {type(error).__name__} in {where}")
    return None


def watched(items: Sequence[T], doing: str) -> Iterator[T]:
    """Yield `items`, with a progress bar on the terminal once a second has passed."""
    started = time.monotonic()
    remaining = iter(items)
    for done, item in enumerate(remaining, 1):
        yield item
        if done < len(items) and time.monotonic() - started > 1 and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import track

            errors = Console(stderr=True)
            yield from track(remaining, doing, len(items), done, console=errors, transient=True)


class Working:
    """A line on the terminal that says how far a command is; none where errors go elsewhere."""

    def __init__(self, doing: str) -> None:
        self._doing, self._shown = doing, False
        self._status: Status | None = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status(doing)

    def __enter__(self) -> Working:
        self.show("")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def show(self, words: str) -> None:
        """Show what is being done, or how much is done."""
        if self._status is not None:
            self._status.update(f"{self._doing}: {words}" if words else self._doing)
            if not self._shown:
                self._status.start()
            self._shown = True

    def stop(self) -> None:
        """Make room for other output, until more is shown."""
        if self._status is not None and self._shown:
            self._status.stop()
        self._shown = False


def say(line: str) -> None:
    """Print `line` on standard output, with nothing in it that a terminal would obey."""
    sys.stdout.write(safe_lines(line) + "\n")


def show(*parts: RenderableType) -> None:
    """Print `parts` of a report as wide as the terminal."""
    from bvn_asp.report.page import Page

    Page().show(*parts)


def tell(text: str) -> None:
    """Print `text`, lines that are too wide for the terminal or a file broken and their rest indented further."""
    from bvn_asp.report.page import Page

    page = Page()
    page.show(page.hanging(text))


def fail(message: str, code: int | None = None) -> None:
    """Print `message` on standard error, and exit with `code` if there is one."""
    sys.stdout.flush()
    sys.stderr.write(safe_lines(message) + "\n")
    if code is not None:
        sys.exit(code)
