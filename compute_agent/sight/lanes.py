"""Lanes that tell what calls are made in them, how long each took and how it ended."""

import functools
import threading
from collections.abc import Callable
from typing import Any

from common.clock import Clock
from common.gauges import Gauges
from compute_agent.operation import Call
from compute_agent.runner import Lanes
from compute_agent.sight import metrics


class SeenLanes:
    """Hands everything on to other lanes; see ``Lanes``."""

    def __init__(self, lanes: Lanes, gauges: Gauges, clock: Clock) -> None:
        self._lanes, self._gauges, self._clock = lanes, gauges, clock
        self._lock = threading.Lock()
        self.busy = 0
        """Calls that are being made now."""

    def submit(self, lane: str, call: Call, token: int) -> None:
        """Make the call when its turn comes."""
        self._lanes.submit(lane, call._replace(function=self._seen(call.function)), token)

    def stuck(self) -> dict[str, str]:
        """Say which lanes hang."""
        return self._lanes.stuck()

    def _seen(self, function: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(function, "__name__", "call")

        @functools.wraps(function)
        def made(*args: Any) -> Any:
            begun, outcome = self._clock.monotonic(), "failed"
            self._now_busy(1)
            try:
                result = function(*args)
                outcome = "done"
                return result
            finally:
                self._now_busy(-1)
                self._gauges.count(metrics.CALLS, name, outcome)
                self._gauges.took(metrics.CALL, self._clock.monotonic() - begun, name)

        return made

    def _now_busy(self, more: int) -> None:
        with self._lock:
            self.busy += more
