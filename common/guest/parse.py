"""A Guest of a flavor and an image: each topic is read by a file of its own, and here they come together."""

from collections.abc import Mapping

import msgspec

from common import errors
from common.guest import aggregates, amounts, cells, cpus, devices, firmware, keys, memory, scalars, traits
from common.guest.aliases import Alias
from common.guest.guest import Guest
from common.guest.wish import Wish


def parse_guest(
    *,
    vcpus: int,
    memory_mib: int,
    disk_gib: int,
    specs: Mapping[str, str],
    properties: Mapping[str, str],
    aliases: Mapping[str, Alias] = {},
) -> Guest:
    """Make a Guest of a flavor's sizes, its extra specs and an image's properties.

    ``aliases``: names of devices that the flavor may ask for.

    :raises BadRequest: a value is not valid, a name is not known, or two contradict each other; names the property.
    """
    keys.check(specs, properties)
    wish = Wish(vcpus, memory_mib, specs, properties, aliases)
    guest = msgspec.convert(
        {"vcpus": vcpus, "memory_mib": memory_mib, "disk_gib": disk_gib} | scalars.scalars(wish) | _placed(wish), Guest
    )
    _check_topology(guest)
    return guest


def _placed(wish: Wish) -> dict[str, object]:
    """Read what decides where a guest may go."""
    chosen, size = cpus.cpus(wish), memory.page_kib(wish)
    return {
        **chosen._asdict(),
        **firmware.firmware(wish),
        **traits.traits(wish),
        "page_kib": size,
        "locked": memory.locked(wish),
        "cells": cells.cells(wish, bool(chosen.dedicated or size), size),
        "devices": devices.devices(wish),
        "resources": amounts.amounts(wish),
        "aggregates": aggregates.aggregates(wish),
    }


def _check_topology(guest: Guest) -> None:
    asked = [n for n in (guest.sockets, guest.cores, guest.threads) if n]
    product = (guest.sockets or 1) * (guest.cores or 1) * (guest.threads or 1)
    if asked and (guest.vcpus % product or (len(asked) == 3 and product != guest.vcpus)):
        raise errors.BadRequest(
            f"CPU topology {guest.sockets or '*'} sockets x {guest.cores or '*'} cores x {guest.threads or '*'} "
            f"threads does not make {guest.vcpus} vcpus; change hw:cpu_sockets, hw:cpu_cores or hw:cpu_threads"
        )
