"""Turns that stop before each effect on the outside world, so that another's may come in between.

A controller's part runs in a greenlet of its own. Its doors to the database and the bus call ``before`` and stand
still there until the schedule lets them go on, with a twist or without: the effect may fail, half happen, or be the
last thing that this controller ever did.
"""

from collections.abc import Callable

from greenlet import GreenletExit, getcurrent, greenlet


class Crash(BaseException):
    """The process is killed. Nothing in the product may catch it."""


class Held:
    """Whether a transaction is open: while it is, its process does not stand still, or all others would wait for it."""

    open = False


def before(effect: str) -> str:
    """Stand still before an effect; gives the twist that it is to have, or nothing."""
    here = getcurrent()
    if here.parent is None or Held.open:
        return ""
    return str(here.parent.switch(effect))


class Turn:
    """A turn under way. ``effect`` is what it stands before; empty: it is over."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = greenlet(run)
        self.result: object = None
        self.effect = ""
        self._took(self._run.switch())

    def go_on(self, twist: str = "") -> None:
        """Let the effect happen, and what follows up to the next one.

        :raises Crash: the process dies of it.
        :raises ToftError: the turn gave up.
        """
        self._took(self._run.switch(twist))

    def drop(self) -> None:
        """End it where it stands: its process is no more."""
        if not self._run.dead:
            self._run.throw(GreenletExit)

    def _took(self, value: object) -> None:
        if self._run.dead:
            self.effect, self.result = "", value
        else:
            self.effect = str(value)
