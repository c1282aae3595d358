"""A policy program ground on trial, in a process of its own: clingo's grounder knows no bound and cannot be stopped."""

from __future__ import annotations

import subprocess
import sys

from bvn_asp.errors import PolicyError
from bvn_asp.shape import Shape
from bvn_asp.solve import OPEN_INPUTS
from bvn_asp.terms import to_symbol

SECONDS, MEGABYTES = 30.0, 500
"""Most time and memory that grounding a policy may take: the shipped one takes half a second and less than 150 MB."""
_TOO_LARGE = 3
# Every other mistake shows, with its line, when the program is ground in earnest.
_GROUND = f"""
import sys, clingo
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 20,) * 2)
except (ImportError, ValueError, OSError):
    pass
try:
    control = clingo.Control(["--warn=none"], logger=lambda *_: None)
    control.add("base", [], sys.stdin.buffer.read().decode("utf-8"))
    control.ground([("base", [])])
except MemoryError:
    sys.exit({_TOO_LARGE})
except RuntimeError as error:
    sys.exit({_TOO_LARGE} if "bad_alloc" in str(error) else 0)
"""


def check_bounded(text: str, name: str, room: Shape) -> None:
    """Raise PolicyError unless the program `text`, called `name`, can be ground for `room` in bounded time and memory.

    It must have passed `check_safety`.
    """
    structure = "\n".join(f"{to_symbol(term)}." for term in room.terms())
    program = f"{text}\n{OPEN_INPUTS}\n{structure}\n".encode()
    command = [sys.executable, "-c", _GROUND, str(MEGABYTES)]
    try:
        ended = subprocess.run(
            command, input=program, timeout=SECONDS, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode
    except subprocess.TimeoutExpired:
        raise PolicyError(_refusal(name, f"within {SECONDS:g} seconds")) from None
    except OSError as error:
        raise PolicyError(f"{name}: cannot be ground on trial: {error.strerror or error}") from None
    if ended == _TOO_LARGE or ended < 0:
        raise PolicyError(_refusal(name, f"in {MEGABYTES} MB of memory"))


def _refusal(name: str, bound: str) -> str:
    return (
        f"{name}: its rules cannot be written out {bound}; look for a rule that builds on its own conclusions without "
        "end, such as p(X+1) :- p(X), or for a range or a combination of conditions that is far too large"
    )
