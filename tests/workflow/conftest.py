"""Scenes for tests of workflows."""

import pytest

from controller.db.engine import Store
from tests.workflow.scene import Scene


@pytest.fixture
def scene(store: Store) -> Scene:
    """A controller and two hosts that are up, on each database."""
    made = Scene(store)
    made.furnish()
    return made
