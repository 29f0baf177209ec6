"""What steps and changes may use besides their transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from common.clock import Clock
from common.ids import Ids
from common.settings import Settings
from controller.scheduler.contract import Scheduler


def _never() -> bool:
    return False


@dataclass(frozen=True)
class World:
    """Time, identifiers, settings, the scheduler; ``me`` names this process in timelines.

    ``deaf`` says whether hosts may be there that cannot be heard now: the broker is away, or was a moment ago.
    """

    clock: Clock
    ids: Ids
    settings: Settings
    scheduler: Scheduler
    me: str = ""
    deaf: Callable[[], bool] = _never
