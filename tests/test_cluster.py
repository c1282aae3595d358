"""Past one machine: the same answers bit for bit on a cluster of two workers, one of which is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bvn_asp.batch.generate import write
from bvn_asp.batch.parts import Job, PartDecider, Tally, run
from bvn_asp.batch.tables import Part
from bvn_asp.policy.loading import shipped_path, shipped_policy

ray = pytest.importorskip("ray")
from bvn_asp.batch.cluster import ArrowDecider, on_ray  # noqa: E402  only where ray is installed

POLICY = shipped_path().read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of cases in eight parts."""
    folder = tmp_path_factory.mktemp("cluster")
    write(shipped_policy(), 400, 13, "usual", folder / "one.parquet")
    pq.write_table(pq.read_table(folder / "one.parquet"), folder / "cases.parquet", row_group_size=50)
    return folder / "cases.parquet"


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A local cluster of two nodes with one worker each."""
    from ray.cluster_utils import Cluster

    root = str(Path(__file__).parent.parent)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        ray.init(address=nodes.address, runtime_env={"env_vars": {"PYTHONPATH": root}}, log_to_driver=False)
        yield
    finally:
        ray.shutdown()
        nodes.shutdown()


@dataclass
class KilledOnce(PartDecider):
    """Work whose process is killed in the middle of some parts, the first time that each is done."""

    def __call__(self, part: Part) -> Tally:
        mark = self.job.path.with_name(f"killed-{part.place}")
        if part.place in (1, 5) and not mark.exists():
            mark.touch()
            super().__call__(Part(part.place, part.first, part.rows))
            # Everything but the last step of the part is done: its tally is gone with the process.
            (self.folder.state / f"part-{part.place:05}.json").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(part)


@pytest.mark.usefixtures("cluster")
def test_two_workers_one_of_them_killed_give_the_same_answers_bit_for_bit(cases: Path, tmp_path: Path) -> None:
    assert len([node for node in ray.nodes() if node["Alive"]]) == 2
    expected = run(Job(cases, tmp_path / "local", POLICY), workers=1)

    def killing(work: Any, parts: Any, workers: int) -> Iterator[Tally]:
        yield from on_ray(KilledOnce(work.job, work.source, work.folder), parts, workers)

    found = run(Job(cases, tmp_path / "spread", POLICY), spread=killing)
    assert sorted(path.name for path in cases.parent.glob("killed-*")) == ["killed-1", "killed-5"]
    assert found == expected
    local, spread = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("local", "spread"))
    assert spread == local


@pytest.mark.usefixtures("cluster")
def test_the_kernel_is_a_function_from_arrow_to_arrow_that_can_be_sent(cases: Path, tmp_path: Path) -> None:
    table = pq.read_table(cases)
    act = ray.remote(lambda function, part: function(part))
    parts = [table.slice(start, 100) for start in range(0, 400, 100)]
    found = ray.get([act.remote(ArrowDecider(POLICY), part) for part in parts])
    run(Job(cases, tmp_path / "local", POLICY))
    expected = pq.read_table(tmp_path / "local").drop_columns(["row"]).to_pylist()
    assert [row for part in found for row in part.drop_columns(["row"]).to_pylist()] == expected
