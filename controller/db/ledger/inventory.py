"""A host's report becomes its inventory."""

from collections.abc import Collection

from common import resources, settings, wire
from controller.db.engine import Tx
from controller.db.ledger import report, rows
from controller.db.ledger.pieces import CPUS, DEVICES


def apply_inventory(
    tx: Tx,
    host: str,
    inventory: wire.Inventory,
    ratios: settings.Scheduler,
    keep: Collection[str] = (),
    devices: Collection[str] = (),
) -> None:
    """Write what a host reports to have. Classes in ``keep`` stay as they are.

    A capacity below what is used closes the host to new claims until it fits again, and so does a CPU or device that
    is gone while a server has it; the report is never refused.

    :param devices: classes of the PCI devices that servers may have.
    :raises NotFound: there is no such host.
    """
    closed = rows.lock(tx, [host])[host]
    old = rows.read(tx, [host]).get(host, {})
    new = {key: stock for key, stock in old.items() if key[1] in keep}
    for key, fresh in _wanted(report.amounts(inventory, ratios), old).items():
        if key[1] not in keep:
            new[key] = fresh._replace(used=old[key].used if key in old else 0).fitted()
    changed = new != old
    if resources.PCPU not in keep:
        changed |= CPUS.sync(tx, host, report.cpus(inventory))
    changed |= DEVICES.sync(tx, host, report.devices(inventory, devices))
    if changed:
        rows.write(tx, rows.Change(host, closed, old, new, gone(tx, host)))


def _wanted(fresh: dict[rows.Key, rows.Stock], old: Collection[rows.Key]) -> dict[rows.Key, rows.Stock]:
    """Add, with nothing, the rows that the host had and has no more."""
    return dict.fromkeys(old, rows.Stock(0, 0, 0)) | fresh


def gone(tx: Tx, host: str) -> list[str]:
    """Give in words the CPUs and devices that servers have and a host has no more."""
    return CPUS.gone(tx, host) + DEVICES.gone(tx, host)
