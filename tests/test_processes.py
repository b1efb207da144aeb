"""Real processes: killed in the middle of their work, and several of them acting as one market."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsals.kill_nine import endure
from tests.rehearsals.processes import act_as_one
from tests.rehearsals.stand import Stand

pytestmark = pytest.mark.slow


def test_kill_9_in_the_middle_of_checkouts_loses_nothing_and_halves_nothing(tmp_path: Path, db_url: str) -> None:
    storm, _back_s = endure(Stand(tmp_path / "stand", db_url), 60, (30,), by_clock=False)
    assert len(storm.acknowledged) == 60
    assert len(storm.starts_s) == 2


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
def test_two_web_processes_a_worker_and_the_bus_act_as_one_market(tmp_path: Path, db_url: str) -> None:
    figures = act_as_one(Stand(tmp_path / "stand", db_url))
    assert len(figures) == 4
