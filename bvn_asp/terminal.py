"""What the commands share on a terminal: going through files, progress, messages and exit codes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bvn_asp.case import Case
from bvn_asp.errors import BvnError, CaseError, OutputError
from bvn_asp.files import case_files, load_path
from bvn_asp.layout import Line, cells, plain, wrapped
from bvn_asp.report import safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status


BAD_INPUT = 2
INTERRUPTED = 130
READER_GONE = 141

T = TypeVar("T")


def guarded(act: Callable[[], object]) -> None:
    """Run a command; every failure that a user can cause ends in a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            act()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone: nothing is left to say, and Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(READER_GONE)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        fail(f"the output cannot be written: {error.strerror or error}", BAD_INPUT)
    except BvnError as error:
        fail(str(error), BAD_INPUT)


def each(paths: list[Path], act: Callable[[str, Case], None], closing: str = "") -> None:
    """Load and act on every case; list what could not be read at the end, and then exit with code 2."""
    failures: list[CaseError] = []
    count = 0
    found = list(case_files(paths))
    try:
        for path in watched(found, "Deciding"):
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
        sys.exit(BAD_INPUT)


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


class Page:
    """Standard output for lines of styled text: as wide as the terminal, and never too narrow for a file."""

    def __init__(self) -> None:
        # Without a terminal there is nothing to style, and rich takes a start longer than all the rest of a report.
        styled = sys.stdout.isatty() or "FORCE_COLOR" in os.environ or "TTY_COMPATIBLE" in os.environ
        self._console = _console() if styled else None
        if self._console is not None and self._console.is_terminal:
            self.width = self._console.width
        else:
            wanted = os.environ.get("COLUMNS", "")
            self.width = max(int(wanted) if wanted.isdecimal() else 0, 120)
        self.boxes = sys.stdout.encoding.lower().startswith("utf")

    def show(self, lines: Iterable[Line]) -> None:
        """Print `lines`."""
        if self._console is None:
            sys.stdout.write("".join([f"{plain(line)}\n" for line in lines]))
            return
        from rich.text import Text

        text = Text("\n").join([Text.assemble(*line) for line in lines])
        self._console.print(text, no_wrap=True, overflow="ignore", crop=False)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def say(line: str) -> None:
    """Print `line` on standard output, with nothing in it that a terminal would obey."""
    sys.stdout.write("\n".join(map(safe, line.split("\n"))) + "\n")


def tell(text: str) -> None:
    """Print `text`, lines that are too wide for the terminal or a file broken and their rest indented further."""
    page = Page()
    for line in map(safe, text.split("\n")):
        if cells(line) <= page.width:
            page.show([[(line, "")]])
            continue
        words = line.lstrip(" ")
        indent = " " * (len(line) - len(words))
        first, *rest = wrapped([(words, "")], max(page.width - len(indent) - 4, 20))
        page.show([[(indent, ""), *first], *([(f"{indent}    ", ""), *part] for part in rest)])


def fail(message: str, code: int | None = None) -> None:
    """Print `message` on standard error, and exit with `code` if there is one."""
    sys.stdout.flush()
    sys.stderr.write("\n".join(map(safe, message.split("\n"))) + "\n")
    if code is not None:
        sys.exit(code)


def write_whole(path: Path, text: str) -> None:
    """Write a file wholly or not at all, with the folders it needs; raise OutputError if that fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None


def write_all(folder: Path, files: Iterable[tuple[str, str]]) -> list[Path]:
    """Write `files` (name, text) into `folder`, all or none; raise OutputError if one is there already."""
    contents = [(folder / name, text) for name, text in files]
    taken = [path for path, _ in contents if path.exists() or path.is_symlink()]
    if taken:
        raise OutputError(f"{taken[0]}: there already; nothing was written: name another folder, or remove the file")
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".bvn-") as apart:
            for path, text in contents:
                Path(apart, path.name).write_text(text, encoding="utf-8")
            for path, _ in contents:
                # A link fails where a file has appeared in the meantime.
                os.link(Path(apart, path.name), path)
                written.append(path)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return written


def check_folder(folder: Path) -> None:
    """Raise OutputError unless `folder` is empty or can be made."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{folder}: not an empty folder; name a new or empty one")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be read: {error.strerror or error}") from None


def check_file(path: Path) -> None:
    """Raise OutputError if `path` is a folder, where a file is to be written."""
    if path.is_dir():
        raise OutputError(f"{path}: a folder; name a file")
