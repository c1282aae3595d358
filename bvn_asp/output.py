"""The one way to write a file or a folder: whole under its name, or not at all, and never over something else.

Until it is whole, a file `NAME` lies beside its place as `.NAME.bvn-unfinished`, a folder `NAME` as `NAME.unfinished`
with an entry `.bvn` that marks it as ours. Whoever writes holds a lock of the system on that, which is gone with its
last process however that ended: a second run into the same name is refused, and what a killed run left is used again.
Where the system has no such locks (Windows) only the last step tells two runs apart.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from urllib.parse import quote

from bvn_asp.errors import OutputError

MARK = ".bvn"
_LOCK = "lock"
_PATIENCE = 3.0
"""Seconds to wait for a lock: the processes of a run that was killed need a moment to end."""
_LONGEST = 120
"""Most bytes that a name keeps of an id."""


def check_new(path: Path | None, *, folder: bool = False) -> None:
    """Raise OutputError if `path` exists, unless it is an empty folder where a folder is to be written."""
    if path is None:
        return
    try:
        taken = os.path.lexists(path) and not (folder and path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {reason(error)}") from None
    if taken:
        kind = "not an empty folder" if folder and path.is_dir() else "there already"
        raise OutputError(f"{path}: {kind}; nothing is written over: choose another name, or remove it first")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield where to write a new file, which takes its name `path` at the end; raise OutputError if it cannot be."""
    check_new(path)
    with _failing(path):
        place = path.resolve()
        unfinished = place.with_name(f".{place.name}.bvn-unfinished")
        _make(place.parent)
        with _locked(unfinished, path) as lock:
            try:
                # It may have been written while this run waited.
                check_new(path)
                lock.truncate(0)
                yield unfinished
                os.fsync(lock.fileno())
                _place(unfinished, place, path)
            finally:
                _let_go(lock)
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)


def write_file(path: Path, text: str) -> None:
    """Write a new file at `path`, with the folders it needs; raise OutputError if it cannot be."""
    with whole_file(path) as unfinished:
        _write(unfinished, text)


@dataclass(frozen=True)
class Folder:
    """An unfinished folder, into which only whole files are put; it can be sent to other processes.

    `state` goes when the folder is whole. Each run has a place `apart` of its own for what it is still writing, and
    removes that of an earlier run: from then on no process of that run can put anything here.
    """

    path: Path
    state: Path
    apart: Path

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Yield where to write the file that is put here as `name` when it is whole, instead of an earlier one."""
        with self._put(self.path / name) as unfinished:
            yield unfinished

    def write(self, name: str, text: str) -> None:
        """Put a file `name` here that holds `text`."""
        with self._put(self.path / name) as unfinished:
            _write(unfinished, text)

    def note(self, name: str, text: str) -> None:
        """Keep `text` under `name` until the folder is whole."""
        with self._put(self.state / name) as unfinished:
            _write(unfinished, text)

    @contextmanager
    def _put(self, place: Path) -> Iterator[Path]:
        unfinished = self.apart / place.name
        with _failing(place):
            try:
                yield unfinished
                _sync(unfinished)
                unfinished.replace(place)
            finally:
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)


@contextmanager
def whole_folder(
    path: Path, key: str = "", *, useless: type[BaseException] | tuple[type[BaseException], ...] = BaseException
) -> Iterator[Folder]:
    """Yield an unfinished folder, which takes its name `path` at the end; raise OutputError if it cannot be.

    After an error of a `useless` kind it is removed. After others it is kept, and the next run with the same `key` goes
    on with what is there; with another key it starts from nothing.
    """
    with _failing(path):
        place = path.resolve()
        folder, lock = _opened(place, path)
        with lock:
            try:
                _take_up(folder, lock, key)
                yield folder
                check_new(path, folder=True)
                _let_go(lock)
                folder.path.rename(place)
            except useless:
                _let_go(lock)
                shutil.rmtree(folder.path, ignore_errors=True)
                raise
            # Under its name it is whole, whether or not the mark still goes.
            shutil.rmtree(place / MARK, ignore_errors=True)
            _sync(place.parent)


def write_folder(path: Path, files: Iterable[tuple[str, str]]) -> list[Path]:
    """Write a new folder of `files` (name, text) and return where they are; raise OutputError if it cannot be."""
    names: list[str] = []
    with whole_folder(path) as folder:
        for name, text in files:
            folder.write(name, text)
            names.append(name)
    return [path / name for name in names]


def unfinished_folder(path: Path) -> Path:
    """Return what the folder `path` is called until it is whole."""
    named = path.resolve() if path.name in ("", "..") else path
    return named.with_name(f"{named.name}.unfinished")


def file_names(ids: Iterable[str | None], suffix: str) -> Iterator[str]:
    """Yield a file name for each id, safe on every system and unlike all others, upper and lower case aside.

    What is no plain letter, digit, or one of `_.-~` is written as in an address (`%2F`). An id that is the path of a
    case file counts as that file's name, and FILE#NAME as both names.
    """
    taken: dict[str, int] = {}
    for place, id in enumerate(ids, 1):
        name = stem = _stem(id or f"case-{place}")
        while name.lower() in taken:
            taken[stem.lower()] += 1
            name = f"{stem}-{taken[stem.lower()]}"
        taken[name.lower()] = 1
        yield name + suffix


def _stem(id: str) -> str:
    file, sign, name = id.rpartition("#")
    if sign and name and file.lower().endswith((".yaml", ".yml", ".json")):
        # One of several cases of a file is named after both.
        id = f"{file.rpartition('/')[2].rpartition('.')[0]}-{name}"
    for ending in (".yaml", ".yml", ".json"):
        if id.lower().endswith(ending) and len(id) > len(ending):
            id = id[: -len(ending)].rpartition("/")[2] or id
            break
    found = quote(id, safe="", errors="surrogateescape")
    if found.startswith("."):
        found = f"%2E{found[1:]}"
    if len(found) > _LONGEST:
        mark = hashlib.sha256(id.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        found = f"{found[: _LONGEST - 13]}-{mark}"
    return found


def reason(error: OSError) -> str:
    """Return in a few words what the system says."""
    return os.strerror(error.errno) if error.errno else str(error.strerror or error)


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {reason(error)}") from None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "") from None


def _write(path: Path, text: str) -> None:
    # What no file in UTF-8 can hold, such as a piece of a file name that is not, is written out.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _sync(path: Path) -> None:
    """Have the system write `path` to the disk, so that a name is never there before its content."""
    if path.is_dir() and sys.platform == "win32":
        return
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _place(unfinished: Path, place: Path, path: Path) -> None:
    try:
        # A link fails where a file has appeared in the meantime.
        os.link(unfinished, place)
    except OSError:
        # Not every file system has links.
        check_new(path)
        unfinished.rename(place)
    _sync(place.parent)


def _locked(unfinished: Path, path: Path) -> FileIO:
    """Open a file, locked; raise OutputError if another run has it, FileNotFoundError if its folder goes away."""
    until = time.monotonic() + _PATIENCE
    while True:
        opened = FileIO(os.open(unfinished, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666), "r+")
        try:
            if _lock(opened) and os.path.samestat(os.fstat(opened.fileno()), unfinished.lstat()):
                return opened
        except FileNotFoundError:
            # Another run has just ended with it.
            pass
        except BaseException:
            opened.close()
            raise
        opened.close()
        if time.monotonic() > until:
            raise OutputError(f"{path}: another run is writing it; wait until that has ended, or choose another name")
        time.sleep(0.05)


def _lock(opened: FileIO) -> bool:
    """Lock an open file unless it is locked; forked processes share the lock, and it ends with the last of them."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go(lock: FileIO) -> None:
    """Close a file that could not be moved or removed while it is open."""
    if sys.platform == "win32":
        lock.close()


def _opened(place: Path, path: Path) -> tuple[Folder, FileIO]:
    """Make or open the unfinished folder for `path`, and lock it."""
    unfinished = unfinished_folder(place)
    mark = unfinished / MARK
    until = time.monotonic() + _PATIENCE
    while True:
        check_new(path, folder=True)
        try:
            _make(unfinished)
            held = list(unfinished.iterdir())
            if held and mark not in held:
                raise OutputError(
                    f"{unfinished}: there already, and not left by this program; "
                    f"choose another name than {place.name}, or remove it first"
                )
            mark.mkdir(exist_ok=True)
            return Folder(unfinished, mark, mark / uuid.uuid4().hex), _locked(mark / _LOCK, path)
        except FileNotFoundError:
            # Another run has just ended with it.
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _take_up(folder: Folder, lock: FileIO, key: str) -> None:
    """Keep what a run with the same key has left, but for what it was still writing; clear away all else."""
    same = bool(key) and lock.read(4096) == key.encode()
    if not same:
        for item in folder.path.iterdir():
            if item != folder.state:
                _remove(item)
    for item in folder.state.iterdir():
        if item.is_dir() or not (same or item.name == _LOCK):
            _remove(item)
    folder.apart.mkdir()
    if not same:
        lock.truncate(0)
        lock.seek(0)
        lock.write(key.encode())
        os.fsync(lock.fileno())


def _remove(item: Path) -> None:
    if item.is_dir() and not item.is_symlink():
        shutil.rmtree(item)
    else:
        item.unlink()
