"""Every workflow of the registry, through all that workflows must stand."""

from pathlib import Path

import pytest

from controller.workflow.registry import WORKFLOWS
from tests.workflow import crash

EVERY = pytest.mark.parametrize("kind", WORKFLOWS)
BATCHES = pytest.mark.parametrize("batch", [1, 2, 64])


def test_each_workflow_has_its_story() -> None:
    assert set(crash.STORIES) == set(WORKFLOWS)


@EVERY
@BATCHES
def test_it_survives_a_crash_at_each_commit(kind: str, batch: int, tmp_path: Path) -> None:
    assert crash.assert_survives_crashes(kind, batch, tmp_path) >= 10


@EVERY
@BATCHES
def test_each_step_may_run_twice(kind: str, batch: int, tmp_path: Path) -> None:
    crash.assert_runs_twice(kind, batch, tmp_path)


@EVERY
@BATCHES
def test_it_unwinds(kind: str, batch: int, tmp_path: Path) -> None:
    crash.assert_unwinds(kind, batch, tmp_path)
