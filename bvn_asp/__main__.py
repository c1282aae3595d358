"""The program `bvn`."""

from __future__ import annotations

import gc
import sys

# Next to nothing here is garbage before the end, and looking for it costs a start a tenth of its time.
gc.set_threshold(100_000, 50, 50)


def main() -> None:
    """Run the command line; every failure that a user can cause ends in a message and exit code 2."""
    try:
        from bvn_asp.cli.commands import run
        from bvn_asp.cli.terminal import guarded
    except KeyboardInterrupt:
        # Still importing: from then on each command ends so by itself.
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    guarded(lambda: run(sys.argv[1:]))


if __name__ == "__main__":
    main()
