"""How ``toft up`` runs an agent in the controller's process, without either side importing the other."""

from importlib.metadata import entry_points
from typing import Protocol

from common.bus.contract import Bus
from common.clock import Clock
from common.settings import Settings


class EmbeddedAgent(Protocol):
    """An agent running in threads of this process."""

    def problems(self) -> list[str]:
        """Give what keeps this machine from running guests, each with what to do; empty where nothing does."""
        ...

    def remarks(self) -> list[str]:
        """Give what guests do without here, each with why; empty where that is nothing."""
        ...

    def start(self) -> None:
        """Begin; returns at once."""
        ...

    def stop(self) -> None:
        """Stop the threads. Guests go on running."""
        ...


class AgentFactory(Protocol):
    """What the entry-point group ``toft.agents`` offers."""

    def __call__(self, settings: Settings, bus: Bus, clock: Clock) -> EmbeddedAgent:
        """Make an agent that speaks over ``bus``."""
        ...


def agent_factory() -> AgentFactory:
    """Load the installed agent.

    :raises LookupError: this installation has none (``pip install toft[agent]``).
    """
    for point in entry_points(group="toft.agents"):
        factory: AgentFactory = point.load()
        return factory
    raise LookupError("no agent is installed here: pip install 'toft[agent]'")
