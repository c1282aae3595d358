"""A PostgreSQL server of a test's own, from the programs that a package of the system installs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Return the folder of the server's programs, if it is installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "pg_ctl").exists()), None)


def missing() -> str | None:
    """Return why no server can be started here, or None."""
    if programs() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and _servant() is None:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody to run it"
    return None


def _servant() -> str | None:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a socket in a folder of its own, yield its address, and stop it."""
    folder = programs()
    assert folder is not None
    servant = _servant() if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as home:
        if servant is not None:
            shutil.chown(home, servant)
        data = f"{home}/data"

        def act(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True, user=servant, cwd=home)

        act(str(folder / "initdb"), "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        act(str(folder / "pg_ctl"), "-D", data, "-o", settings, "-l", f"{home}/log", "-w", "start")
        try:
            yield f"host={home} user=tester dbname=postgres"
        finally:
            act(str(folder / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
