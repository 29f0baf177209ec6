"""Amounts of further resource classes: ``resources:CLASS``."""

import os_resource_classes as orc

from common import errors, resources
from common.guest.values import custom, whole
from common.guest.wish import Wish

PREFIX = "resources:"

SIZES = {resources.MEMORY_MB: "ram", resources.DISK_GB: "disk"}
"""Classes that a flavor's own sizes ask for, and how those are called."""

CPUS = ("VCPU", "PCPU")
"""Classes that say on what vCPUs run (``common.guest.cpus``)."""


def amounts(wish: Wish) -> tuple[tuple[str, int], ...]:
    """Read what is asked for of further classes; 0 is nothing.

    :raises BadRequest: there is no such class, or the flavor's sizes ask for it.
    """
    asked = {}
    for key in sorted(key for key in wish.specs if key.startswith(PREFIX)):
        name = key.removeprefix(PREFIX)
        if name in CPUS:
            continue
        amount = wish.flavor(key, whole(0, (1 << 31) - 1))
        _known(key, name)
        if amount:
            asked[name] = amount
    return tuple(sorted(asked.items()))


def _known(key: str, name: str) -> None:
    if name in SIZES:
        raise errors.BadRequest(f"flavor property {key}: the flavor's {SIZES[name]} says it; leave it out")
    if name not in orc.STANDARDS and not custom(name):
        raise errors.BadRequest(
            f"flavor property {key}: there is no resource class {name}; it is a standard one (os-resource-classes) or "
            f"CUSTOM_ and capital letters, digits and _"
        )
