"""Policies read from files: the one that comes with the package, and any other, which is checked first."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from bvn_asp.errors import CircleError, PolicyError
from bvn_asp.policy.grounding import OPEN_INPUTS, keep_watch
from bvn_asp.policy.program import Vocabulary, facts_of
from bvn_asp.policy.reach import unreachable
from bvn_asp.policy.register import VOCABULARY, Policy, policy_of
from bvn_asp.policy.shape import WIDE_BODIES, Shape
from bvn_asp.policy.terms import Term, to_text
from bvn_asp.record.anatomy import policy_path

LEAST_SECONDS = 5.0
SHIPPED_SHA256 = "5b92eea135e09c0d532e8b3d03ecad2b63e379bf73c9abdb951ba4c1863b3504"
"""Digest of the policy that comes with the package: the one text that is known to be fit to run."""


@cache
def shipped_policy(room: Shape | None = None) -> Policy:
    """Return the policy that comes with the package; `room` as in `policy_of`. One that was edited is read as any."""
    return read_policy(_text_of(shipped_path()), room=room)


def load_policy(
    path: str | Path, room: Shape | None = None, *, circles: bool = False, timeout: float | None = None
) -> Policy:
    """Load the policy program at `path`; `room` as in `policy_of`.

    Raises PolicyError if it cannot be read, and as `read_policy`.
    """
    return read_policy(_text_of(Path(path)), str(path), room, circles=circles, timeout=timeout)


def read_policy(
    text: str, name: str = "policy.lp", room: Shape | None = None, *, circles: bool = False,
    timeout: float | None = None,
) -> Policy:  # fmt: skip
    """Return the policy whose program is `text`, from whoever it may come; `room` as in `policy_of`.

    Raises PolicyError, naming the place, if it has other forms than a policy may have, cannot be ground in bounded time
    and memory, leaves a record without exactly one answer, has a limit that no record can reach, or lacks vocabulary.
    With `circles`, its rules may go in a circle and its limits lie anywhere, for an audit to find. `timeout` are the
    seconds that a command has; reading may take `LEAST_SECONDS`.
    """
    if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() == SHIPPED_SHA256:
        return policy_of(text, name, room)
    # The policy of the package starts without it.
    from bvn_asp.policy import trial

    structure = (room or Shape()).terms()
    try:
        trial.check_bounded(
            [text, OPEN_INPUTS], structure, name, described=VOCABULARY, forms=True, ordered=not circles,
            seconds=None if timeout is None else max(timeout, LEAST_SECONDS),
        )  # fmt: skip
    except CircleError as error:
        raise PolicyError(f"{name}: {error}") from None
    try:
        policy = policy_of(text, name, room)
    except PolicyError as error:
        raise PolicyError(str(error).replace("<block>", name)) from None
    except KeyError as error:
        raise PolicyError(f"{name}: vocabulary is missing: question {error} has no option or no default") from None
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{name}: a fact of its vocabulary is not what it must be: {error}") from None
    _check_statable(text, name)
    beyond = [] if circles else [sentence for _, _, sentence in unreachable(policy.thresholds, policy.scale)]
    if beyond:
        raise PolicyError(f"{name}: {'; '.join(beyond)}")
    keep_watch(text, name)
    return policy


def shipped_path() -> Path:
    """Return where the policy program of the package lies."""
    return policy_path()


_STATABLE = (("fact", 1), ("fact", 2), ("number", 2), ("choice", 2), ("request", 1))
"""What a policy says that a record can state, each by its first argument."""
_ANATOMY = (("adjacent", 2), ("spanning", 2), ("optional_body", 1), ("site", 1))
"""What a policy says of bodies and discs: by it the names in a record are read, whatever the policy."""


def _check_statable(text: str, name: str) -> None:
    """Raise PolicyError if `text` declares what a record states otherwise than the policy of the package does.

    A record means the same under every policy; one can add what is stated, or leave it out, but for the anatomy.
    """
    given, known = _declared(text), _shipped()
    for predicate, _ in _ANATOMY:
        for row in sorted(set(given[predicate]) ^ set(known[predicate]), key=str):
            more = "declares" if row in given[predicate] else "does not declare"
            raise PolicyError(
                f"{name}: it {more} {to_text((predicate, *row))}; a record names bodies and discs by one anatomy under "
                "every policy"
            )
    theirs, ours = _statable(given), _statable(known)
    for subject in sorted(theirs.keys() & ours.keys(), key=str):
        if theirs[subject] != ours[subject]:
            one, other = (", ".join(sorted(to_text(row) for row in rows)) for rows in (theirs[subject], ours[subject]))
            raise PolicyError(
                f"{name}: it declares {to_text(subject)} as {one}; a record states it as {other} under every policy"
            )


def _declared(text: str) -> Vocabulary:
    return facts_of(text, tuple(Shape(bodies=WIDE_BODIES).terms()), (*_STATABLE, *_ANATOMY))


@cache
def _shipped() -> Vocabulary:
    return _declared(_text_of(shipped_path()))


def _statable(declared: Vocabulary) -> dict[Term, set[Term]]:
    found: dict[Term, set[Term]] = {}
    for predicate in dict.fromkeys(predicate for predicate, _ in _STATABLE):
        for row in declared[predicate]:
            found.setdefault(row[0], set()).add((predicate, *row))
    return found


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: not UTF-8 text") from None
