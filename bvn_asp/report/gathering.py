"""Gathers what a report on one case holds: the decision, what would change it, and how its words are put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from bvn_asp.decision.nodes import cited
from bvn_asp.decision.readings import compare_readings
from bvn_asp.record.statements import plain
from bvn_asp.report.contents import Asked, BodyStatus, Change, Item, Reading, Report, Rule, Step, Value, Way
from bvn_asp.report.groups import asked, settlements_by_outcome, together
from bvn_asp.report.safe import safe
from bvn_asp.report.summary import dependencies
from bvn_asp.report.text import line, remarks, visible

if TYPE_CHECKING:
    from bvn_asp.analysis.change.changes import Answer, ChangeSet
    from bvn_asp.decision.decision import Body, Criterion, Decision
    from bvn_asp.decision.engine import Engine
    from bvn_asp.decision.nodes import Measure, Node
    from bvn_asp.decision.readings import Comparison
    from bvn_asp.policy.register import Clause
    from bvn_asp.record.case import Case

MOST_SETS = 6
"""Most sets of changes that are looked for: the first is shown, the others are counted."""
MOST_CONFLICTS = 100_000
"""Most conflicts of one search for what would change a decision: a report is the same on every machine."""
_DATES = {
    "request.date": "Request made", "request.received": "Request received",
    "request.records_received": "Records received", "request.planned_procedure_date": "Procedure planned",
}  # fmt: skip
_OPPOSITE = {
    "at least": "less than",
    "less than": "at least",
    "more than": "not more than",
    "not more than": "more than",
}
_SO = ("met", "violated")
"""Statuses of a criterion of which what it describes is so."""


def report_on(
    engine: Engine, case: Case, name: str, readings: Mapping[str, str] | None = None, *, made: str = "",
    assume_absent: bool | None = None, changes: bool = True,
) -> Report:  # fmt: skip
    """Return the report on `case`, which is called `name`, under `readings`, made on the day `made`.

    With `changes`, what would turn a denial or a partial approval into an approval is looked for. Raises ReadingError.
    """
    decision = engine.decide(case, readings, assume_absent=assume_absent)
    found = compare_readings(engine, case, readings or {}, assume_absent=assume_absent)
    depending = [comparison for comparison in found if comparison.matters]
    answer: Answer | None = None
    if changes and decision.recommendation in ("deny", "partial"):
        from bvn_asp.analysis.change.whatif import WhatIf

        answer = WhatIf(engine.policy).answer(
            case, "approve", readings, assume_absent=assume_absent, limit=MOST_SETS, conflicts=MOST_CONFLICTS
        )
    return gathered(decision, case, name, depending, answer, made=made)


def gathered(
    decision: Decision, case: Case, name: str = "", depending: Iterable[Comparison] = (),
    answer: Answer | None = None, *, made: str = "",
) -> Report:  # fmt: skip
    """Return the report on a decision on `case` that is at hand, with what was found out about it elsewhere."""
    from bvn_asp import __version__

    policy = decision.policy
    return Report(
        case_id=safe(str(case.exact("case_id") or case_id(name))),
        made=made,
        dates=tuple((title, safe(str(said))) for path, title in _DATES.items() if (said := case.said(path))),
        program=__version__,
        policy=policy.name,
        policy_version=policy.version,
        policy_revised=policy.revised,
        policy_sha256=policy.sha256,
        notice=decision.notice,
        recommendation=decision.recommendation,
        eligibility=decision.eligibility,
        remarks=tuple(remarks(decision)),
        flags=tuple(policy.wording.get("flag", each.clause.label) for each in decision.flags),
        warnings=tuple(map(safe, decision.warnings)),
        assume_absent=decision.assume_absent,
        grants=decision.grants,
        choices=decision.choices,
        units=tuple(decision.units.items()),
        units_asked=tuple((safe(code), count) for code, count in decision.units_asked.items()),
        items=tuple(map(_item, decision.criteria)),
        settled=_settled(decision),
        bodies=tuple(map(_body, decision.bodies)),
        evidence=_evidence(decision),
        asked=_asked(decision.missing),
        ways=tuple(_ways(decision, answer)),
        obstacles=tuple(_obstacles(answer)),
        readings=tuple(
            Reading(id, policy.questions[id].text, policy.questions[id].options[option],
                    option == policy.questions[id].default)
            for id, option in decision.readings.items()
        ),
        depends=tuple(dependencies(decision, depending)),
    )  # fmt: skip


def case_id(name: str) -> str:
    """Return what a case is called outside this machine: the name of its file, and of the case in it."""
    file, sign, inner = name.rpartition("#")
    return f"{PurePath(file).name}{sign}{inner}" if sign else PurePath(name).name


def _rule(clause: Clause) -> Rule:
    return Rule(clause.id, clause.label, clause.lay or clause.label, clause.citation, clause.needs)


def _item(criterion: Criterion) -> Item:
    clause, nodes = criterion.clause, list(criterion.explanation.walk())
    measures = {node.measure: None for node in nodes if node.measure is not None}
    below = [fact for node in nodes if node.measure is not None for fact in node.walk() if fact is not node]
    counted = {_stated(node): None for node in below if node.kind == "fact"}
    facts = {_stated(node): None for node in nodes if node.kind == "fact"}
    return Item(
        rule=_rule(clause),
        kind=clause.kind,
        status=criterion.status,
        part_of=clause.part_of,
        values=tuple(_value(measure, criterion) for measure in measures),
        facts=tuple(fact for fact in facts if fact not in counted),
        counted=tuple(counted),
        sources=tuple(dict.fromkeys(safe(str(source)) for node in nodes for source in node.documents)),
        missing=tuple(dict.fromkeys(_open(node) for node in criterion.missing)),
        why=_step(criterion.explanation),
    )


def _body(body: Body) -> BodyStatus:
    return BodyStatus(body.name, body.requested, body.status, tuple(map(_rule, body.refusals)), _step(body.explanation))


def _stated(node: Node) -> str:
    """Return what a node says without the documents, which stand beside it."""
    return safe(node.text.removesuffix(cited("", node.documents)))


def _open(node: Node) -> str:
    return safe(node.missing_words)


def _value(measure: Measure, criterion: Criterion) -> Value:
    """Return a number beside the limit that a criterion sets, as the criterion says it whatever its status."""
    so = criterion.status in (*_SO, "undetermined")
    relation = measure.relation if so else _OPPOSITE[measure.relation]
    sets = "needs" if criterion.clause.kind == "indication" else "excluded if"
    unit = f" {measure.unit}" if measure.unit and not measure.unit.startswith(("of ", "so far")) else ""
    limit = f"{sets} {relation} {plain(measure.threshold)}{unit}"
    actual = f"{measure.stated} {measure.unit}".rstrip()
    return Value(measure.name, safe(actual), limit, f"{plain(measure.margin)}{unit}")


def _step(node: Node, within: Node | None = None) -> Step:
    return Step(line(node, within), node.status if node.kind in ("criterion", "body") else "",
                node.kind == "reading", tuple(_step(child, node) for child in visible(node)))  # fmt: skip


def _settled(decision: Decision) -> bool:
    """Tell whether the recommendation rests on nothing that the record leaves open."""
    if decision.recommendation in (None, "pend"):
        return False
    resting = list(decision.explanation.walk())[1:]
    return bool(resting) and not any(node.kind == "missing" or node.status == "undetermined" for node in resting)


def _evidence(decision: Decision) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the documents that the record names for what was decided on, each with what it says."""
    found: dict[str, dict[str, None]] = {}
    for node in (item for criterion in decision.criteria for item in criterion.explanation.walk()):
        for source in node.documents:
            found.setdefault(safe(str(source)) or "a document without a title", {})[_stated(node)] = None
    return tuple((source, tuple(facts)) for source, facts in sorted(found.items()))


def _asked(nodes: Iterable[Node]) -> tuple[Asked, ...]:
    return tuple(Asked(whom, tuple(together(map(_open, found)))) for whom, found in asked(nodes).items())


def _ways(decision: Decision, answer: Answer | None) -> Iterator[Way]:
    if decision.recommendation == "pend":
        for outcome, found in settlements_by_outcome(decision).items():
            ask = _asked(found[0].facts)
            yield Way(outcome, ask, others=len(found) - 1, complete=decision.settlements_complete)
    if answer is None:
        return
    sets = [found for found in answer.sets if not all(_of_request(change.field) for change in found.changes)]
    if sets:
        changes = tuple(_changes(sets[0]))
        yield Way(answer.wanted, changes=changes, others=len(sets) - 1, complete=answer.complete)
    if answer.requests:
        yield Way("approve", bodies=answer.requests[0], others=len(answer.requests) - 1)


def _of_request(field: str) -> bool:
    """Tell whether a field says what is requested: other requests are listed by themselves."""
    return field.partition(".")[0] == "request"


def _changes(found: ChangeSet) -> Iterator[Change]:
    for change in found.changes:
        yield Change(safe(change.words), safe(change.before), safe(change.after))


def _obstacles(answer: Answer | None) -> Iterator[str]:
    """Yield why no change that anybody can make leads to an approval."""
    if answer is not None and answer.unreachable:
        yield from (safe("; ".join(obstacle.facts)) for obstacle in answer.obstacles if obstacle.facts)
