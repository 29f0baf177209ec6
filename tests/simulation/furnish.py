"""What a simulated fleet begins with: a project, a flavor, an image, a network."""

from datetime import UTC, datetime

import msgspec

from common.settings import Agent, Controller, Settings
from compute_agent.driver import memory
from controller.db.engine import Store
from tests.doubles import project

NOW = datetime(2026, 1, 1, tzinfo=UTC)

SETTINGS = Settings(
    controller=Controller(build_seconds=600.0, act_seconds=300.0, command_seconds=600.0),
    agent=Agent(
        heartbeat_seconds=15.0,
        states_seconds=25.0,
        usage_seconds=900.0,
        inventory_seconds=300.0,
        chores_seconds=200.0,
        shutdown_seconds=5.0,
    ),
)
"""As delivered, but for times that would only stretch the runs."""

INVENTORY = msgspec.structs.replace(memory.INVENTORY, memory_mib=1024 + 3 * 320)
"""A host has room for three servers, so that some find none."""


def furnish(store: Store) -> None:
    """Put in place what servers are made of."""
    with store.tx() as tx:
        project.furnish(tx, NOW)
