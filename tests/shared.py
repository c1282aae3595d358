"""What many tests ask of the policy of the package, prepared once in a process."""

from __future__ import annotations

from functools import cache

from bvn_asp.analysis.search import Search
from bvn_asp.batch.decider import Decider
from bvn_asp.batch.rows import Setting
from bvn_asp.decision.decision import Decision
from bvn_asp.decision.engine import Engine
from bvn_asp.policy.loading import shipped_policy
from tests.sample_cases import samples

ENGINE = Engine(shipped_policy())


@cache
def decider(readings: tuple[tuple[str, str], ...] = ()) -> Decider:
    """Return what decides blocks of records under some readings: to compile it is what takes long."""
    return Decider(Setting(ENGINE.policy, dict(readings)), engine=ENGINE)


@cache
def search() -> Search:
    """Return the search over all records."""
    return Search(shipped_policy())


@cache
def decisions() -> dict[str, Decision]:
    """Return what is decided of each sample case, by name."""
    return {name: ENGINE.decide(case) for name, case in samples().items()}
