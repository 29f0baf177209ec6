"""How long each call of an operation took: by the clock that is handed in, from the wish to the answer."""

from common.clock import Clock
from compute_agent.operation import Call, Operation, R

SHORTEST = 0.001
"""Seconds; what took less is not told."""

NAMES = {
    "ensure_image": "image",
    "ensure_disk": "disk",
    "ensure_network": "network",
    "bind_port": "port",
    "unbind_port": "port",
    "ensure_drive": "config drive",
    "remove_files": "files",
    "remove_network": "network",
}
"""What people call the driver's functions; the others keep their names."""


class Took:
    """Seconds by what was done, in order; calls of one name add up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds: dict[str, float] = {}

    def told(self) -> dict[str, float]:
        """Give what is worth telling, in milliseconds' precision."""
        return {name: round(seconds, 3) for name, seconds in self._seconds.items() if seconds >= SHORTEST}

    def measured(self, operation: Operation[R]) -> Operation[R]:
        """Make an operation that is the same and measured."""
        answer = None
        error: BaseException | None = None
        while True:
            try:
                wish = operation.throw(error) if error is not None else operation.send(answer)
            except StopIteration as end:
                result: R = end.value
                return result
            begun = self._clock.monotonic()
            answer, error = None, None
            try:
                answer = yield wish
            except GeneratorExit:
                operation.close()
                raise
            except Exception as raised:
                error = raised
            if isinstance(wish, Call):
                name = NAMES.get(wish.name, wish.name)
                self._seconds[name] = self._seconds.get(name, 0.0) + self._clock.monotonic() - begun
