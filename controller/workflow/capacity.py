"""What a host reports to have is believed, but for jumps: those wait for an operator's word."""

import logging
from collections.abc import Collection, Iterable, Mapping

import msgspec

from common import wire
from common.guest import aliases
from common.model.host import Host
from controller.db import hosts, ledger
from controller.db.engine import Tx
from controller.db.ledger import Stock
from controller.workflow import ratios
from controller.workflow.world import World

LOG = logging.getLogger(__name__)


def take(tx: Tx, host: str, inventory: wire.Inventory, held: Mapping[str, int] | None, world: World) -> None:
    """Write what a host reports to have; of a class that grew beyond belief, what it had before.

    :param held: what is held of this host's reports already.
    """
    factor = world.settings.controller.capacity_jump
    had = ledger.stocks(tx, [host]).get(host, {})
    jumps = {name: has for name, has in ledger.physical(inventory).items() if _jumps(had.get(name), has, factor)}
    _apply(tx, host, inventory, jumps.keys(), world)
    if jumps != dict(held or {}):
        hosts.write(tx, "held", {host: jumps or None})
    if jumps and not held:
        told = ", ".join(f"{amount} of {name}" for name, amount in sorted(jumps.items()))
        LOG.error("host %s reports to have %s, over %g times what it had: `toft host approve`", host, told, factor)


def _jumps(had: Stock | None, has: int, factor: float) -> bool:
    before = max(0, had.total - had.reserved) if had else 0
    return bool(factor and before and has > before * factor)


def approve(tx: Tx, host: Host, world: World) -> None:
    """Believe a host's last report."""
    inventory = msgspec.convert(host.inventory, wire.Inventory)
    _apply(tx, host.id, inventory, (), world)
    hosts.write(tx, "held", {host.id: None})


def promise_anew(tx: Tx, ids: Iterable[str], world: World) -> None:
    """Write what hosts have once more: the ratios of their aggregates are others now. What is held stays so."""
    for host in hosts.get(tx, ids, lock=True).values():
        if host.inventory:  # it was heard
            _apply(tx, host.id, msgspec.convert(host.inventory, wire.Inventory), (host.held or {}).keys(), world)


def _apply(tx: Tx, host: str, inventory: wire.Inventory, keep: Collection[str], world: World) -> None:
    known = aliases.read(world.settings.devices.aliases).values()
    classes = {alias.device_class for alias in known}
    promised = ratios.of_host(tx, host, world.settings.scheduler)
    ledger.apply_inventory(tx, host, inventory, promised, keep, classes)
