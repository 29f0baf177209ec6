"""Operations: generators that ask for one effect on the outside world at a time.

    def build(driver: Driver, goal: Goal) -> Operation[Settled]:
        yield from do(driver.ensure_image, goal.image, lane=f"image:{goal.image.digest}")
        hardware = yield from do(driver.define, goal)

The lane's thread makes the call under a deadline and sends the result in; an exception is thrown in. The simulator
answers later, wrongly, or never. Between two yields nothing outside changes: each is a crash point.
"""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Call(NamedTuple):
    """One effect: a function with its arguments, the lane it must run in ("" is the operation's own), its deadline."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    lane: str = ""
    deadline: float = 60.0

    @property
    def name(self) -> str:
        """Name the effect, for logs and the simulator."""
        return self.function.__name__

    def make(self) -> Any:
        """Make the call, here and now."""
        return self.function(*self.args)


class Pause(NamedTuple):
    """Ask to go on after so many seconds; the lane stays this operation's."""

    seconds: float


Operation = Generator[Call | Pause, Any, R]


def do(function: Callable[..., R], *args: Any, lane: str = "", deadline: float = 60.0) -> Operation[R]:
    """Ask for one call and give its result.

    :param lane: ``image:<digest>`` or ``network:<id>`` where calls of several servers must not overlap.
    :param deadline: seconds; beyond it DeadlineExceeded is thrown in and the call is abandoned.
    """
    result: R = yield Call(function, args, lane, deadline)
    return result
