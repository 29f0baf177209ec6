"""Devices of the host that are handed to the guest: ``pci_passthrough:alias``."""

from collections import Counter

from common import errors
from common.guest.guest import GuestDevice
from common.guest.values import one_of, whole
from common.guest.wish import Wish

IMAGE_KEYS = ("hw_pci_numa_affinity_policy",)
FLAVOR_KEYS = ("pci_passthrough:alias", "hw:pci_numa_affinity_policy")

MOST = 32
"""Devices of one alias that a guest may have."""


def devices(wish: Wish) -> tuple[GuestDevice, ...]:
    """Read the devices; a policy of flavor or image stands over each alias's own.

    :raises BadRequest: an alias is not known, or a count or a policy is not valid.
    """
    near = wish.once(
        *("hw:pci_numa_affinity_policy", "hw_pci_numa_affinity_policy"),
        one_of("required", "preferred", "legacy", "socket"),
    )
    asked: Counter[str] = wish.flavor("pci_passthrough:alias", _asked) or Counter()
    for name in asked:
        if name not in wish.aliases:
            known = ", ".join(sorted(wish.aliases)) or "none; the operator sets [devices] aliases"
            raise errors.BadRequest(
                f"flavor property pci_passthrough:alias: there is no alias {name!r}; known: {known}"
            )
    return tuple(
        GuestDevice(
            device_class=wish.aliases[name].device_class, count=count, near=near or wish.aliases[name].numa_policy
        )
        for name, count in sorted(asked.items())
    )


def _asked(text: str) -> Counter[str]:
    """Read ``name:count`` with commas between; a name that comes again adds to it."""
    asked: Counter[str] = Counter()
    for part in text.split(","):
        name, colon, number = part.strip().partition(":")
        if not name or not colon:
            raise ValueError("must be name:count, several with a comma between")
        asked[name] += whole(1, MOST)(number.strip())
    if max(asked.values()) > MOST:
        raise ValueError(f"asks for more than {MOST} devices of one alias")
    return asked
