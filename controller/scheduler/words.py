"""A decision in one line, for the tenant to read: counts and what would fit, never a host's name."""

from collections.abc import Mapping, Sequence

from common.model.decision import Change
from controller.scheduler.filters import FILTERS
from controller.scheduler.terms import Fall
from controller.scheduler.variants import Zones

TOLD = 2
"""Changes that the line has room for."""


def placed(fitting: int, hosts: int) -> str:
    """Say that a host was found."""
    return f"best of {fitting} that fit among {hosts}"


def no_valid_host(falls: Mapping[Fall, int], changes: Sequence[Change], never: bool = False) -> str:
    """Say why no host takes a server; each host counts where it fell first.

    :param never: not even an empty one would.
    """
    hosts = sum(falls.values())
    if not hosts:
        return "No valid host: there are no hosts"
    parts = sorted(((falls[one.fall], one) for one in FILTERS if falls.get(one.fall)), key=lambda part: -part[0])
    fallen = ", ".join(f"{count} {one.one if count == 1 else one.many}" for count, one in parts)
    would = f"; fits {' or '.join(change.text for change in changes[:TOLD])}" if changes else ""
    ever = "; none could take it even when empty" if never else ""
    return f"No valid host: {counted(hosts, 'host')}; {fallen}{ever}{would}"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def with_zones(text: str, zones: Zones) -> str:
    """Put zones' names in the place of the ids of their aggregates."""
    for name, aggregates in zones.items():
        for one in aggregates:
            text = text.replace(one, f"zone {name}")
    return text
