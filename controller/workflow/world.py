"""What steps and changes may use besides their transaction."""

from dataclasses import dataclass

from common.clock import Clock
from common.ids import Ids
from common.settings import Settings
from controller.scheduler.contract import Scheduler


@dataclass(frozen=True)
class World:
    """Time, identifiers, settings, the scheduler; ``me`` names this process in timelines."""

    clock: Clock
    ids: Ids
    settings: Settings
    scheduler: Scheduler
    me: str = ""
