"""Random tests are the same in every run of the default suite, and new in every campaign (`pytest -m slow`)."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from bvn_asp.decision import engine
from bvn_asp.decision.engine import Engine
from tests import campaigns, shared

settings.register_profile("default", derandomize=True, deadline=None, database=None)
settings.register_profile("campaign", derandomize=False, deadline=None, database=None, print_blob=True)


SHIPPED_MOST_KEPT = engine.MOST_KEPT


def pytest_configure(config: pytest.Config) -> None:
    asked = str(config.getoption("markexpr")).strip()
    campaigns.running = asked == "slow" or bool(os.environ.get("BVN_CAMPAIGN"))
    settings.load_profile("campaign" if campaigns.running else "default")
    # As in the program itself.
    gc.set_threshold(100_000, 50, 50)
    # Random records come in many shapes; each is ground once.
    engine.MOST_KEPT = 600_000


@pytest.fixture
def usual_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engines keep as much as they do outside of the tests."""
    monkeypatch.setattr(engine, "MOST_KEPT", SHIPPED_MOST_KEPT)


@pytest.fixture(scope="session", name="engine")
def _engine() -> Engine:
    """The engine that all tests of a process share."""
    return shared.ENGINE
