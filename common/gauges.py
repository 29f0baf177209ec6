"""What is counted and timed, without saying how: code is handed a ``Gauges`` and tells it; nothing is kept in globals.

    REQUESTS = Metric("toft_controller_requests", "counter", "Requests answered.", ("route", "status"))
    gauges.count(REQUESTS, "/v2.1/servers", "202")

Times come from clocks that the caller was given, so that a simulated run stays the same with and without gauges.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, ParamSpec, Protocol, TypeVar

from common.clock import Clock

P = ParamSpec("P")
R = TypeVar("R")

OTHER = "other"
"""The label of all that is not told apart."""


class Metric(NamedTuple):
    """Something to be seen. A ``total`` only grows, as a counter does, and is looked at, as a gauge is.

    ``limit``: sets of labels that are told apart; later ones count together as ``other``."""

    name: str
    kind: Literal["counter", "times", "gauge", "total"]
    says: str
    labels: tuple[str, ...] = ()
    limit: int = 200


class Reading(NamedTuple):
    """What a gauge shows now."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


Look = Callable[[], Iterable[Reading]]
"""Looks at all gauges of one kind, when somebody asks."""


class Gauges(Protocol):
    """What code tells of itself to. Any thread may call."""

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        ...

    def took(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Note how long something took."""
        ...


class Unseen:
    """Gauges that nobody reads."""

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Do nothing."""

    def took(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Do nothing."""


UNSEEN = Unseen()


def timed(function: Callable[P, R], gauges: Gauges, clock: Clock, metric: Metric, *labels: str) -> Callable[P, R]:
    """Make a function that notes how long each of its calls took, also of those that raise."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        begun = clock.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            gauges.took(metric, clock.monotonic() - begun, *labels)

    return call
