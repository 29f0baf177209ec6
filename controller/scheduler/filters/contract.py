"""What a filter is."""

from collections.abc import Callable
from typing import NamedTuple

from controller.scheduler.terms import Ask, Fall, HostView


class Reason(NamedTuple):
    """Why a host cannot take a server: a code that does not change, and words with the figures of this host."""

    code: str
    text: str


class Filter(NamedTuple):
    """At what a host falls here, the function that says why, and a phrase for many hosts: ``2 lack memory``."""

    fall: Fall
    reason: Callable[[HostView, Ask], Reason | None]
    one: str
    many: str
