"""Past one machine: the parts of a file on a Ray cluster, and the kernel as a function from Arrow to Arrow.

Ray runs Python and Arrow as they are, without a Java machine beside them, and starts a lost task again. A part is
written under its name only when it is whole, so a task that is run twice leaves one part, and the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import ray

from bvn_asp.batch.decider import Decider
from bvn_asp.batch.rows import Setting
from bvn_asp.batch.schemas import check_schema, settled, validate
from bvn_asp.errors import BvnError
from bvn_asp.policy.loading import read_policy

if TYPE_CHECKING:
    from bvn_asp.batch.parts import Tally
    from bvn_asp.batch.processes import PartWork
    from bvn_asp.batch.tables import Part

_RETRIES = 5
_prepared: dict[str, Any] = {}


def on_ray(work: PartWork[Tally], parts: Sequence[Part], workers: int) -> Iterator[Tally]:
    """Yield what `work` returns for each of `parts`, done by tasks of a Ray cluster.

    The cluster is the one that this process has joined, or RAY_ADDRESS names, or `workers` processes started for this.
    Input and output must be folders that all of its machines see.
    """
    started = not ray.is_initialized()
    if started:
        ray.init(**_start(workers))
    try:
        task = ray.remote(_act).options(max_retries=_RETRIES, num_cpus=1)
        shared, name = ray.put(work), uuid.uuid4().hex
        waiting = [task.remote(name, shared, part) for part in parts]
        while waiting:
            finished, waiting = ray.wait(waiting, num_returns=1)
            try:
                yield from ray.get(finished)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, BvnError):
                    raise error.cause from None
                raise
    finally:
        if started:
            ray.shutdown()


def _start(workers: int) -> dict[str, Any]:
    import os

    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if "RAY_ADDRESS" in os.environ:
        return quiet
    return {"num_cpus": workers, "include_dashboard": False, **quiet}


def _act(name: str, work: PartWork[Tally], part: Part) -> Tally:
    """Do one part; a worker process prepares the work only once."""
    if name not in _prepared:
        work.prepare()
        _prepared.clear()
        _prepared[name] = work
    found: Tally = _prepared[name](part)
    return found


@dataclass
class ArrowDecider:
    """A function from a table of cases to the table of answers, for `map_batches` of Ray or `mapInArrow` of Spark.

    It can be sent to other machines; each grounds and compiles the policy for itself, once. Rows are not checked: only
    those that `accepted` lets pass have answers that mean anything.
    """

    policy: str = field(repr=False)
    readings: Mapping[str, str] = field(default_factory=dict)
    assume_absent: bool | None = None
    _decider: Decider | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_decider": None}

    def __call__(self, table: Any) -> Any:
        """Return the answers on the cases of `table`, a pyarrow Table."""
        if self._decider is None:
            policy = read_policy(self.policy)
            self._decider = Decider(Setting(policy, policy.readings(self.readings), self.assume_absent))
        check_schema(table.schema, "table")
        batches = []
        for batch in table.to_batches():
            validate(batch, "table")
            batches.append(settled(batch, "table"))
        return pa.Table.from_batches(map(self._decider.decide, batches), self._decider.schema)
