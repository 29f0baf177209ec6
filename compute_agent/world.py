"""What the agent's core works with: all that is outside of it, handed in by the service, a test or the simulator."""

from dataclasses import dataclass

from common.clock import Clock
from common.ids import Ids
from common.settings import Agent
from compute_agent.driver.contract import Driver
from compute_agent.identity import Identity
from compute_agent.journal import Journal
from compute_agent.runner import Lanes


@dataclass(frozen=True)
class World:
    """One host as its agent finds it. Journal and driver outlive a session; lanes belong to one process."""

    identity: Identity
    journal: Journal
    driver: Driver
    lanes: Lanes
    clock: Clock
    ids: Ids
    settings: Agent
