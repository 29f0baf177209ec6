"""Reads the host's commands off the bus, in a thread of its own; acks them once they are in the journal."""

import logging
import threading
from collections.abc import Sequence

from common import errors
from common.bus.contract import Bus, Consumer
from compute_agent.intake import take_in
from compute_agent.pauses import Pauses
from compute_agent.session_loop import SessionLoop

LOG = logging.getLogger(__name__)


class Listener:
    """One host's ear. A session that was not heard for a lease has it connect anew.

    :param ended: when to stop.
    """

    def __init__(self, bus: Bus, host: str, loop: SessionLoop, ended: threading.Event) -> None:
        self._bus, self._host, self._loop, self._ended = bus, host, loop, ended
        self._pauses = Pauses(ended)
        self._consumer: Consumer | None = None
        self._losses = 0
        self._told = ""

    def run(self) -> None:
        """Read until the end."""
        while not self._ended.is_set():
            self._turn()
        self._hang_up()

    def _turn(self) -> None:
        try:
            take_in(self._connected(), self._journalled, timeout=1.0)
            self._told = ""
            self._pauses.over()
        except errors.Unavailable as error:
            level = logging.DEBUG if error.message == self._told else logging.INFO
            LOG.log(level, "no commands: %s", error.message)
            self._told = error.message
            self._pauses.rest()
        except Exception:
            LOG.exception("commands were not taken; they come again")
            self._pauses.rest()

    def _connected(self) -> Consumer:
        losses = self._loop.session.losses
        if self._losses != losses:
            self._losses = losses
            self._hang_up()
        self._consumer = self._consumer or self._bus.commands(self._host)
        return self._consumer

    def _hang_up(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _journalled(self, bodies: Sequence[bytes]) -> list[int]:
        """Have the loop take commands, and wait until it has."""
        answer = self._loop.take(bodies)
        while not self._ended.is_set():
            try:
                return answer.result(timeout=1.0)
            except TimeoutError:
                continue
        raise errors.Unavailable("the agent is stopping")
