"""Scenes for tests of workflows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.scene import FusedStore, Scene, new_store


@pytest.fixture
def fused(tmp_path: Path) -> Iterator[FusedStore]:
    """A store that can kill its controller."""
    store = new_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def scene(fused: FusedStore) -> Scene:
    """A controller and two hosts that are up."""
    made = Scene(fused)
    made.furnish()
    return made
