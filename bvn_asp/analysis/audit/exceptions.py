"""Exceptions: what one list lets pass for a reason, and the other stops all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from bvn_asp.analysis.audit.finding import Finding
from bvn_asp.analysis.search import TIMES
from bvn_asp.analysis.writing.inputs import readings_of
from bvn_asp.decision.wording import words_of

if TYPE_CHECKING:
    from bvn_asp.analysis.audit.study import Study
    from bvn_asp.analysis.search import Witness
    from bvn_asp.analysis.space import Space
    from bvn_asp.policy.terms import Term


class _Undone(NamedTuple):
    entity: str
    detail: str
    space: Space
    goal: list[int]
    readings: dict[str, str]


def exceptions(study: Study) -> Iterator[Finding]:
    """Find indications that are unmet for the very thing of which a detail has lifted a non-indication."""
    found: dict[tuple[str, str], list[_Undone]] = {}
    held = [study.space.held(premise) for premise in study.space.premises]
    fixed = [*held, *study.space.usual(study.search.usual), *study.any_reading, study.documented]
    place = study.space.follower(fixed)
    spaces = study.variants.spaces(fixed, [*study.space.departures, *study.space.places])
    for entity in [t[1] for t in study.search.topics if isinstance(t, tuple) and t[0] == "present"]:
        about = [topic for topic in study.search.topics if isinstance(topic, tuple) and entity in topic]
        # A record that leaves nothing open has days too, and says more of its times than the usual one.
        alone = [-x for x, topic in study.space.departures.items() if topic not in about and topic not in TIMES]
        alone += [study.space.literal(term) for term in study.search.usual if _of_time(study, term)]
        alone.append(study.space.literal(("yes", ("present", entity))))
        stopping = study.reachable({id: study.fails[id] for id in study.indications}, alone, place)
        for detail in about:
            # A finding that lies elsewhere is another finding, not an exception.
            if detail[0] not in ("present", "at"):
                for indication, exclusion, undone in _undone(study, next(spaces), entity, detail, alone, stopping):
                    found.setdefault((indication, exclusion), []).append(undone)
    for (indication, exclusion), cases in sorted(found.items(), key=lambda item: study.ids.index(item[0][1])):
        usual = [case for case in cases if not case.readings]
        shown = usual or cases
        readings = {} if usual else {q: o for case in shown for q, o in case.readings.items()}
        because = " or ".join(f"{question}={option}" for question, option in readings.items())
        details, entities = sorted({case.detail for case in shown}), sorted({case.entity for case in shown})
        yield Finding(
            "undoes", (indication, exclusion, *(("otherwise",) if readings else ())),
            f"What {study.name(exclusion)} lets pass, {study.name(indication)} can still stop"
            f"{f', read {because}' if because else ''}. Of {', '.join(entities)}: {', '.join(details)}.",
            (indication, exclusion), readings,
            witnesses=((f"{exclusion} is clear, {indication} is unmet", _witness(study, shown[0])),),
        )  # fmt: skip


def _of_time(study: Study, stated: Term) -> bool:
    return isinstance(stated, tuple) and study.search.about.get(stated[1]) in TIMES


def _undone(
    study: Study, space: Space, entity: Term, detail: Term, alone: list[int], stopping: Iterable[str]
) -> Iterator[tuple[str, str, _Undone]]:
    """Find pairs of which a change of `detail` lifts the exclusion, and the indication is unmet for `entity` alone."""
    variant = study.variants.of(space, study.search.statable[detail].values())
    words = words_of(study.policy, entity, {}), words_of(study.policy, detail, {}).partition(": ")[2]
    lifted = {id: variant.literal(study.fails[id]) for id in study.exclusions}
    goals = {
        (indication, exclusion): space.all_of([study.passes[exclusion], fails, study.fails[indication]])
        for exclusion, fails in lifted.items() if fails != study.fails[exclusion]
        for indication in stopping
    }  # fmt: skip
    for indication, exclusion in sorted(study.reachable(goals, [variant.active, *alone], space)):
        goal = [variant.active, *alone, goals[indication, exclusion]]
        yield indication, exclusion, _Undone(*words, space, goal, _fewest_readings(space, goal))


def _witness(study: Study, case: _Undone) -> Witness:
    world = case.space.find([*case.goal, *case.space.run(case.readings)], fewest=True)
    assert world is not None
    return study.search.replay(world)


def _fewest_readings(space: Space, goal: list[int]) -> dict[str, str]:
    """Return readings other than the defaults under which `goal` has a world, none of which can be spared."""
    if space.holding([*goal, *space.run()]) is not None:
        return {}
    world = space.find(goal)
    assert world is not None
    readings = readings_of(world.inputs[0])
    for question in sorted(readings):
        fewer = {other: option for other, option in readings.items() if other != question}
        if space.holding([*goal, *space.run(fewer)]) is not None:
            readings = fewer
    return readings
