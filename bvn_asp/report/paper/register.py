"""The policy as it can be published: its register of clauses and questions, and what of the text is not encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bvn_asp.report.paper.blocks import Block, Heading, Line, Listing, Paper, Paragraph, Run, Table, line
from bvn_asp.report.paper.sheets import Cell, Column, Sheet, about

if TYPE_CHECKING:
    from bvn_asp.policy.register import Clause, Policy, Question

NOTICE = (
    "A reading of the document in other words, for a human reviewer, who decides. Where it and the document differ, "
    "the document holds."
)
_REFERENCES = "Numbers in [brackets] are those of the document's own list of references."
_KINDS = {
    "indication": "indication", "non_indication": "non-indication", "level": "level", "lead_in": "lead-in",
    "definition": "definition", "code": "code",
}  # fmt: skip
_CLAUSES = (
    Column("Id", 7), Column("Kind", 15), Column("Section", 17), Column("Item", 16), Column("Part of", 8),
    Column("What it asks", 52), Column("In lay words", 52), Column("What to see for it", 46),
    Column("References", 14), Column("Questions", 24),
)  # fmt: skip
_QUESTIONS = (
    Column("Question", 26), Column("Where", 26), Column("What is open", 50), Column("Option", 24),
    Column("Read as", 56), Column("Default", 9), Column("Why it is the default", 56),
)  # fmt: skip


def paper(policy: Policy, made: str = "") -> Paper:
    """Return the register of `policy` as a document."""
    return Paper(policy.name, tuple(_blocks(policy)), NOTICE, made)


def sheets(policy: Policy) -> Iterator[Sheet]:
    """Yield the register of `policy` as sheets."""
    asked = _asked(policy)
    yield Sheet("Clauses", _CLAUSES, [
        (clause.id, _KINDS.get(clause.kind, clause.kind), clause.section, clause.item, clause.part_of or "",
         clause.label, clause.lay, clause.needs, _numbers(clause), "\n".join(asked.get(clause.citation, ())))
        for clause in policy.clauses.values()
    ])  # fmt: skip
    yield Sheet("Questions", _QUESTIONS, [
        (each.id, each.where, each.text, option, meaning, "yes" if option == each.default else "no",
         each.why if option == each.default else "")
        for each in policy.questions.values() for option, meaning in each.options.items()
    ])  # fmt: skip
    unencoded = (Column("Section", 26), Column("Item", 34), Column("Why no rule", 80))
    yield Sheet("Not encoded", unencoded, policy.unencoded)
    yield Sheet("Defects of the text", (Column("Where", 44), Column("What", 96)), policy.text_defects)
    yield about(_about(policy))


def _about(policy: Policy) -> Iterator[tuple[str, Cell]]:
    yield "Notice", NOTICE
    yield "Policy", policy.name
    yield "Version", policy.version
    yield "Revised", policy.revised
    yield "Policy file, sha256", policy.sha256
    yield "References", _REFERENCES
    yield "Clauses", len(policy.clauses)
    yield "Questions", len(policy.questions)


def _asked(policy: Policy) -> dict[str, list[str]]:
    """Return the questions by the citation of each clause that they name, section and item."""
    found: dict[str, list[str]] = {}
    for clause in policy.clauses.values():
        for question in policy.questions.values():
            if _names(question, clause):
                found.setdefault(clause.citation, []).append(question.id)
    return found


def _names(question: Question, clause: Clause) -> bool:
    """Tell whether the place of a question, such as `Indications 4 and 7, Non-Indications 20`, names the clause."""
    section = ""
    for part in question.where.replace(" and ", ", ").split(", "):
        words = part.rsplit(" ", 1)
        if len(words) == 2:
            section = words[0]
        if (section, words[-1]) == (clause.section, clause.item):
            return True
    return False


def _numbers(clause: Clause) -> str:
    return ", ".join(map(str, clause.references))


def _blocks(policy: Policy) -> Iterator[Block]:
    yield Heading(1, policy.name)
    yield Paragraph(line(NOTICE), "notice")
    yield Paragraph(line(f"Version {policy.version}, revised {policy.revised}, sha256 {policy.sha256}. {_REFERENCES}"))
    asked = _asked(policy)
    clauses = sorted(policy.clauses.values(), key=lambda clause: policy.text.find(f"clause({clause.id},"))
    for section in dict.fromkeys(clause.section for clause in clauses):
        yield Heading(2, section)
        yield _table([clause for clause in clauses if clause.section == section], asked)
    yield Heading(2, f"Questions that the document leaves open ({len(policy.questions)})")
    for question in policy.questions.values():
        yield from _question(question)
    yield Heading(2, f"Text that is not encoded ({len(policy.unencoded)})")
    yield Table(("Section", "Item", "Why no rule"), tuple(tuple(map(line, row)) for row in policy.unencoded))
    yield Heading(2, f"Defects of the text, read and not proved ({len(policy.text_defects)})")
    yield Table(("Where", "What"), tuple(tuple(map(line, row)) for row in policy.text_defects))


def _table(clauses: Sequence[Clause], asked: dict[str, list[str]]) -> Table:
    """Return the table of some clauses, without the columns that none of them fills."""
    head = ("Id", "Item", "What it asks", "In lay words", "What to see for it", "References")
    rows = [_row(clause, asked) for clause in clauses]
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return Table(tuple(head[place] for place in kept), tuple(tuple(row[place] for place in kept) for row in rows))


def _row(clause: Clause, asked: dict[str, list[str]]) -> tuple[Line, ...]:
    questions = asked.get(clause.citation, [])
    what = (Run(clause.label), *([Run(f" (questions: {', '.join(questions)})", emphasis=True)] if questions else []))
    id = (Run(clause.id, strong=True),)
    return (id, line(clause.item), what, line(clause.lay), line(clause.needs), line(_numbers(clause)))


def _question(question: Question) -> Iterable[Block]:
    yield Paragraph(line(Run(question.id, strong=True), f" ({question.where}): {question.text}"))
    options = [
        (line(Run(option, strong=option == question.default), f": {meaning}",
              f" (default: {question.why})" if option == question.default else ""), ())
        for option, meaning in question.options.items()
    ]  # fmt: skip
    yield Listing(tuple(options))
