"""The kinds of finding that an audit has: what each means, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of finding: its name, how grave it is, what it means and why it matters, what to do, an example."""

    name: str
    severity: str
    meaning: str
    remedy: str
    example: str


_EDIT = "Read the sentence again, mend the rules of the clause, and run the audit once more."
_KEEP = "Keep both if each has its own citation, and put the reason on record; otherwise delete one."

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "contradiction",
            "defect",
            "An indication and a non-indication cannot both be satisfied: whoever meets the one is excluded by the "
            "other, so that nothing can be approved.",
            "Ask the author of the policy which of the two is meant.",
            "an indication that a non-indication contradicts",
        ),
        Kind(
            "contradicts-itself",
            "defect",
            "A criterion is satisfied and fails on one and the same record.",
            _EDIT,
            "a flipped polarity",
        ),
        Kind(
            "undecided",
            "defect",
            "A criterion stays open on a record that leaves nothing open.",
            _EDIT,
            "an exception dropped on one side",
        ),
        Kind(
            "unreachable",
            "defect",
            "No record at all gets this recommendation.",
            _EDIT,
            "obligations read as norms leave nothing to approve",
        ),
        Kind(
            "body-never-permitted",
            "defect",
            "No record is ever granted the treatment of this body.",
            _EDIT,
            "a body that is never permitted",
        ),
        Kind(
            "count-never-permitted",
            "defect",
            "No record is ever granted the treatment of so many bodies at once.",
            _EDIT,
            "never four bodies at once",
        ),
        Kind(
            "never-fails",
            "notice",
            "No record fails this criterion, so it asks for nothing.",
            "See whether a reading makes it bind; if none does, it is prose.",
            "a criterion that cannot fail",
        ),
        Kind(
            "never-holds",
            "defect",
            "No record satisfies this criterion, so nothing can be approved.",
            _EDIT,
            "a criterion that cannot be satisfied",
        ),
        Kind(
            "never-alone",
            "redundant",
            "Wherever this criterion fails another fails too, so it never decides anything.",
            _KEEP,
            "a criterion that two others cover together, though none alone",
        ),
        Kind(
            "duplicate",
            "redundant",
            "These criteria fail on the same records: the policy says one thing several times.",
            _KEEP,
            "a clause twice",
        ),
        Kind(
            "implies",
            "redundant",
            "Wherever the first fails the second does, so the first adds nothing to it.",
            _KEEP,
            "a criterion within another",
        ),
        Kind(
            "exclude",
            "domain",
            "These criteria never fail on one record.",
            "Nothing; it explains lists of reasons.",
            "two criteria that exclude each other because one number has one value",
        ),
        Kind(
            "overlap",
            "notice",
            "Every indication can be met while a non-indication is violated, and the document does not say "
            "which list prevails.",
            "Choose by the question `precedence`, or ask the author.",
            "the document as it stands",
        ),
        Kind(
            "gap",
            "notice",
            "An indication can fail while no non-indication applies, so that the document calls the treatment "
            "neither appropriate nor inappropriate.",
            "Choose by the question `precedence`, or ask the author.",
            "the document as it stands",
        ),
        Kind(
            "undoes",
            "notice",
            "What an exception of one criterion lets pass, another criterion can still stop.",
            "Ask whether the exception is meant to hold against both.",
            "an indication that no longer undoes an exception",
        ),
        Kind(
            "limits-differ",
            "defect",
            "Two criteria limit one quantity by different numbers.",
            "Ask which number is meant; until then the stricter one decides.",
            "an age limit that differs between the lists",
        ),
        Kind(
            "boundary",
            "defect",
            "Two criteria share a limit, and exactly at it the one fails and the other does not.",
            "Ask whether the limit itself passes, and write both alike.",
            "a limit that excludes its own value",
        ),
        Kind(
            "limit-unreachable",
            "defect",
            "The limit lies outside what a record can state of its quantity, so that no record is on one side of it.",
            "See whether it is mistyped: a point, a sign or a unit.",
            "a limit that no record can reach",
        ),
        Kind(
            "never-binds",
            "domain",
            "The limit can never be exceeded, because of what records can be.",
            "Nothing; keep it in mind.",
            "a range that lets the limit of four bind",
        ),
        Kind(
            "idle-limit",
            "notice",
            "No recommendation ever depends on this limit.",
            "See whether another criterion swallows it.",
            "a limit that no recommendation depends on",
        ),
        Kind(
            "idle-fact",
            "notice",
            "No recommendation ever depends on this statement, so nobody needs to be asked for it.",
            "Leave it out of forms and requests for records, or see what the policy forgets.",
            "a fact that no longer matters",
        ),
        Kind(
            "silence-helps",
            "notice",
            "A record that is silent of this is read as the usual one, which makes an answer more favourable.",
            "See that the assumption is named where it counts; ask for the statement where it matters.",
            "the document as it stands",
        ),
        Kind(
            "two-way",
            "notice",
            "More of this sometimes helps and sometimes harms.",
            _EDIT,
            "a number of which more helps and harms",
        ),
        Kind(
            "fails-open",
            "defect",
            "Leaving this statement out makes an answer more favourable.",
            "Make what is not stated unknown, or ask for the statement.",
            "an exclusion that fails open",
        ),
        Kind(
            "reading-idle",
            "notice",
            "Under this option no decision changes.",
            "Drop the option, or see what it was meant to do.",
            "a reading that changes nothing",
        ),
        Kind(
            "reading-unsatisfiable",
            "defect",
            "Under this option nothing can be approved: the criteria contradict each other.",
            "The sentence cannot mean this; it is on record so that nobody tries it unawares.",
            "a reading under which nothing can be approved",
        ),
        Kind(
            "reading-silences",
            "redundant",
            "Under this option these criteria never decide anything by themselves.",
            "Weigh it when you choose the reading.",
            "a reading under which one criterion covers another",
        ),
        Kind(
            "no-rules",
            "defect",
            "A clause is declared, and no rule says when it holds.",
            "Write its rules, or call it unencoded.",
            "a clause without rules",
        ),
        Kind(
            "uncited",
            "text",
            "A clause cites no reference of the document.",
            "Give its `source`.",
            "a clause without citation",
        ),
        Kind(
            "unused",
            "text",
            "Nothing uses what these rules conclude.",
            "Delete them, or see where it was meant to be used.",
            "a conclusion that nothing uses",
        ),
        Kind(
            "idle-rule",
            "notice",
            "No record meets the conditions of this rule.",
            "Delete it, or mend its conditions.",
            "a rule that cannot fire",
        ),
        Kind(
            "idle-condition",
            "text",
            "The rule concludes the same without this condition, on every record.",
            "Delete the condition, or put the reason for it on record.",
            "a condition that does nothing",
        ),
        Kind(
            "number-in-label",
            "text",
            "A label names a number, which stays as it is when the limit changes.",
            "Write {limit} in its place.",
            "a label that repeats its limit",
        ),
        Kind(
            "unused-wording",
            "text",
            "The policy words something that nothing concludes or states.",
            "Delete the wording.",
            "words for what nothing states",
        ),
        Kind(
            "circle",
            "defect",
            "The rules go in a circle, so that a record can have several answers or none.",
            "Break the circle; no other check means anything before that.",
            "a criterion that rests on its own denial",
        ),
        Kind(
            "text",
            "text",
            "A defect of the document that logic cannot see, found by reading.",
            "Ask the author of the policy.",
            "a defect of the text struck from the register",
        ),
    )
}
"""Every kind of finding, by name."""
CONTRADICTING = ("contradiction", "contradicts-itself", "never-holds", "unreachable", "reading-unsatisfiable")
"""Kinds that say that criteria contradict each other."""
REPEATING = "duplicate"
"""The kind that says that something is said twice."""
IDLE = ("never-fails", "never-alone", "never-binds", "idle-limit")
"""Kinds that say that something can never decide."""
