"""The command line called in this process: what its own process does, without the seconds that one takes to start."""

from __future__ import annotations

import sys
from contextlib import chdir
from io import BytesIO, TextIOWrapper
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bvn_asp.cli.commands import run
from bvn_asp.cli.terminal import guarded


def bvn(*arguments: str, text: str | None = None, cwd: Path | None = None) -> CompletedProcess[str]:
    """Call `bvn` with `arguments`, and with `text` on standard input; return exit code and output.

    What only a process has is for tests of their own: signals, streams that are closed, and what is imported.
    """
    buffers = [BytesIO((text or "").encode()), BytesIO(), BytesIO()]
    given, printed, told = (TextIOWrapper(buffer, "utf-8") for buffer in buffers)
    code = 0
    with pytest.MonkeyPatch.context() as patch, chdir(cwd or Path.cwd()):
        for name, stream in (("stdin", given), ("stdout", printed), ("stderr", told)):
            patch.setattr(sys, name, stream)
        try:
            guarded(lambda: run([*arguments]))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (printed, told):
        stream.flush()
    output, errors = (buffer.getvalue().decode() for buffer in buffers[1:])
    return CompletedProcess(arguments, code, output, errors)
