"""The policy: its text, and what it says of itself (clauses, limits, questions, wording)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bvn_asp.errors import PolicyError, ReadingError
from bvn_asp.shape import Shape
from bvn_asp.solve import facts_of
from bvn_asp.terms import Term, name_of, to_symbol


@dataclass(frozen=True)
class Clause:
    """One item of the document: its place there, the references it cites, and what it asks in our words."""

    id: str
    kind: str
    section: str
    item: str
    label: str
    references: tuple[int, ...] = ()
    part_of: str | None = None

    @property
    def citation(self) -> str:
        """Section, item and references, as one line."""
        references = f" [{', '.join(map(str, self.references))}]" if self.references else ""
        return f"{self.section} {self.item}{references}"


@dataclass(frozen=True)
class Question:
    """A point that the document leaves open: options by name, the default, and why it is the default."""

    id: str
    where: str
    text: str
    options: Mapping[str, str]
    default: str
    why: str


@dataclass(frozen=True)
class Policy:
    """A policy program and its vocabulary.

    `thresholds` and `scale` are whole numbers: a limit in its unit is threshold / scale. `tallies` are counts.
    """

    text: str = field(repr=False)
    name: str
    version: str
    revised: str
    sha256: str
    scale: int
    clauses: Mapping[str, Clause] = field(repr=False)
    thresholds: Mapping[tuple[str, str], int] = field(repr=False)
    tallies: Mapping[str, int] = field(repr=False)
    units: Mapping[str, str] = field(repr=False)
    questions: Mapping[str, Question] = field(repr=False)
    wording: Mapping[str, str] = field(repr=False)
    located_kinds: frozenset[str] = field(repr=False)
    closable: frozenset[str] = field(repr=False)
    bodies_in_range: tuple[str, ...] = field(repr=False)
    unencoded: tuple[tuple[str, str, str], ...] = field(repr=False)
    text_defects: tuple[tuple[str, str], ...] = field(repr=False)

    def readings(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Return `chosen` less the defaults; raise ReadingError for a question or option that is not offered."""
        for question, option in chosen.items():
            if question not in self.questions:
                raise ReadingError(f"there is no question {question!r}; questions: {', '.join(sorted(self.questions))}")
            options = self.questions[question].options
            if option not in options:
                raise ReadingError(f"question {question} has no option {option!r}; options: {', '.join(options)}")
        return {question: option for question, option in chosen.items() if option != self.questions[question].default}


@cache
def shipped_policy(room: Shape | None = None) -> Policy:
    """Return the policy that comes with the package; `room` as in `policy_of`."""
    return policy_of(shipped_path().read_text(encoding="utf-8"), room=room)


def load_policy(path: str | Path, room: Shape | None = None) -> Policy:
    """Load the policy program at `path`; raise PolicyError if it is unreadable, unsafe, endless or lacks vocabulary."""
    # The commands that only know the policy of the package start without it.
    from bvn_asp.trial import check_bounded

    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: not UTF-8 text") from None
    check_safety(text, str(path))
    if text != shipped_policy().text:
        check_bounded(text, str(path), room or Shape())
    try:
        return policy_of(text, str(path), room)
    except PolicyError as error:
        raise PolicyError(str(error).replace("<block>", str(path))) from None
    except KeyError as error:
        raise PolicyError(f"{path}: vocabulary is missing: question {error} has no option or no default") from None
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{path}: a fact of its vocabulary is not what it must be: {error}") from None


def waiving(policy: Policy, criteria: Iterable[str]) -> Policy:
    """Return `policy` with `criteria` set aside: each is judged as ever, and bars and refuses nothing.

    Raises PolicyError for a criterion that it does not have, or if it cannot set any aside.
    """
    waived = sorted(set(criteria))
    unknown = [id for id in waived if id not in policy.clauses]
    if unknown:
        raise PolicyError(f"there is no clause {', '.join(unknown)}")
    if waived and re.search(r"\bset_aside\(", re.sub(_REMARKS, "", policy.text, flags=re.DOTALL)) is None:
        raise PolicyError("the policy has no rule about set_aside(C), so nothing of it can be set aside")
    try:
        facts = "".join(f"\n{to_symbol(('set_aside', id))}." for id in waived)
    except ValueError as error:
        raise PolicyError(f"a clause cannot be set aside by its id: {error}") from None
    return policy_of(f"{policy.text}{facts}\n")


def without_source(policy: Policy, reference: int) -> tuple[str, ...]:
    """Return the criteria of which neither the whole nor a part is cited to `reference`; PolicyError if nothing is."""
    cited = {number for clause in policy.clauses.values() for number in clause.references}
    if reference not in cited:
        raise PolicyError(
            f"no clause is cited to reference {reference}; references: {', '.join(map(str, sorted(cited)))}"
        )
    kept = {c.part_of or c.id for c in policy.clauses.values() if reference in c.references}
    return tuple(c.id for c in policy.clauses.values() if c.kind in CRITERIA and c.part_of is None and c.id not in kept)


CRITERIA = ("indication", "non_indication", "level")
"""Kinds of clause that can bar or refuse."""


def check_safety(text: str, name: str) -> None:
    """Raise PolicyError if the program `text` could reach outside itself or search: before clingo ever sees it."""
    code = re.sub(_REMARKS, lambda match: '""' + "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    found = re.search(_UNSAFE, code)
    if found is not None:
        number = code.count("\n", 0, found.end()) + 1
        raise PolicyError(f"{name}:{number}: {found[0].lstrip('.').strip()} is not allowed in a policy")
    if "\0" in text:
        raise PolicyError(f"{name}: holds a NUL character")


_REMARKS = r'"(?:\\.|[^"\\\n])*"|%\*.*?\*%|%[^\n]*'
_DIRECTIVES = r"defined|const|show|count|min|max|sum|true|false|inf|sup"
# A brace that opens anything but an aggregate opens a choice; a rule without a head forbids records, judging none.
_UNSAFE = rf"#(?!(?:{_DIRECTIVES})\b)\w*|@|:~|(?:\A|\.)\s*:-|\{{(?<!#count \{{)(?<!#min \{{)(?<!#max \{{)(?<!#sum \{{)"


VOCABULARY = {
    "policy": 3, "scale": 1, "clause": 5, "source": 2, "part": 2, "threshold": 3, "tally": 2, "measured_in": 2,
    "question": 3, "option": 3, "default": 3, "wording": 2, "located_kind": 1, "closable": 1, "in_range": 1,
    "unencoded": 3, "text_defect": 2,
}  # fmt: skip
"""What a policy says of itself: predicates and how many arguments they have."""


def shipped_path() -> Path:
    """Return where the policy program of the package lies."""
    inside = Path(__file__).with_name("policy.lp")
    # An editable install has no copy inside the package: there the file lies at the root of the repository.
    return inside if inside.exists() else inside.parent.parent / "policy.lp"


def policy_of(text: str, name: str = "policy.lp", room: Shape | None = None) -> Policy:
    """Return the policy whose program is `text`, called `name` in messages; raise PolicyError if it is none.

    If the first case to decide needs `room`, its program is ground only once, here.
    """
    facts = facts_of(text, tuple((room or Shape()).terms()), VOCABULARY.items(), keep=room is not None)

    def rows(predicate: str) -> list[tuple[Term, ...]]:
        return facts[predicate]

    missing = [predicate for predicate in ("policy", "scale", "clause", "question", "wording") if not rows(predicate)]
    if missing:
        raise PolicyError(f"{name}: not a policy of this kind: no fact for {', '.join(missing)}")
    title, version, revised = map(str, rows("policy")[0])
    references: dict[str, list[int]] = {}
    for clause, number in rows("source"):
        references.setdefault(str(clause), []).append(int(str(number)))
    parts = {str(part): str(whole) for part, whole in rows("part")}
    clauses = {
        str(id): Clause(
            str(id), str(kind), str(section), str(item), str(label),
            tuple(sorted(references.get(str(id), ()))), parts.get(str(id)),
        )
        for id, kind, section, item, label in rows("clause")
    }  # fmt: skip
    defaults = {str(question): (str(option), str(why)) for question, option, why in rows("default")}
    options: dict[str, dict[str, str]] = {}
    for question, option, meaning in rows("option"):
        options.setdefault(str(question), {})[str(option)] = str(meaning)
    return Policy(
        text=text,
        name=title,
        version=version,
        revised=revised,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        scale=int(str(rows("scale")[0][0])),
        clauses=dict(sorted(clauses.items(), key=lambda item: _natural(item[0]))),
        thresholds={(str(c), str(q)): int(str(limit)) for c, q, limit in rows("threshold")},
        tallies={str(clause): int(str(limit)) for clause, limit in rows("tally")},
        units={str(quantity): str(unit) for quantity, unit in rows("measured_in")},
        questions={
            str(id): Question(str(id), str(where), str(what), options[str(id)], *defaults[str(id)])
            for id, where, what in rows("question")
        },
        wording={name_of(word): str(words) for word, words in rows("wording")},
        located_kinds=frozenset(str(kind) for (kind,) in rows("located_kind")),
        closable=frozenset(name_of(fact) for (fact,) in rows("closable")),
        bodies_in_range=tuple(sorted(str(body).upper() for (body,) in rows("in_range"))),
        unencoded=tuple((str(section), str(item), str(why)) for section, item, why in rows("unencoded")),
        text_defects=tuple((str(place), str(what)) for place, what in rows("text_defect")),
    )


def _natural(id: str) -> tuple[str, int, str]:
    match = re.fullmatch(r"([a-z]+)(\d+)(\w*)", id)
    return (match[1], int(match[2]), match[3]) if match else (id, 0, "")
