"""The program `bvn`: a plain `bvn decide PATH...` at once, all else by way of the command line's parser.

The parser takes longer to start than a case to decide.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

# Next to nothing here is garbage before the end, and looking for it costs a start a tenth of its time.
gc.set_threshold(100_000, 50, 50)

PLAIN = ("--json", "--brief", "--full")
"""Options of `bvn decide` that take no value."""


def main() -> None:
    """Run the command line; every failure that a user can cause ends in a message and exit code 2."""
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        # Still importing: from then on each command ends so by itself.
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _run(words: list[str]) -> None:
    command, *arguments = words or [""]
    options = [argument for argument in arguments if argument.startswith("-") and argument != "-"]
    paths = [Path(argument) for argument in arguments if argument not in options]
    if command == "decide" and paths and set(options) <= set(PLAIN):
        from bvn_asp.deciding import decide_paths
        from bvn_asp.terminal import guarded

        as_json, brief, full = (option in options for option in PLAIN)
        guarded(lambda: decide_paths(paths, as_json=as_json, brief=brief, full=full))
        # All is written. To take the ground program apart piece by piece would cost a tenth of the run.
        os._exit(0)
    else:
        from bvn_asp.cli import main as parse_and_run

        parse_and_run()


if __name__ == "__main__":
    main()
