"""What a host reports to have, as rows of its inventory: as if nothing were used."""

from collections.abc import Collection, Iterator

from common import resources, settings, wire
from controller.db.ledger.pieces import Cpu, Device
from controller.db.ledger.rows import WHOLE, Key, Stock


def physical(inventory: wire.Inventory) -> dict[str, int]:
    """Give what a host reports that guests may have, by resource class, before any ratio."""
    plain = settings.Scheduler(cpu_ratio=1.0, ram_ratio=1.0, disk_ratio=1.0)
    return {name: stock.capacity for (cell, name), stock in amounts(inventory, plain).items() if cell == WHOLE}


def amounts(inventory: wire.Inventory, ratios: settings.Scheduler) -> dict[Key, Stock]:
    """Give its amounts: capacity = (total - reserved) x ratio. What cells have is promised once only."""
    having = {
        resources.VCPU: (inventory.shared, ratios.cpu_ratio),
        resources.MEMORY_MB: (inventory.memory_mib, ratios.ram_ratio),
        resources.DISK_GB: (inventory.disk_gib, ratios.disk_ratio),
    }
    if inventory.dedicated:
        having[resources.PCPU] = (inventory.dedicated, 1.0)
    made = {}
    for name, (total, ratio) in having.items():
        reserved = inventory.reserved.get(name, 0)
        made[WHOLE, name] = Stock(total, reserved, int(max(0, total - reserved) * ratio), ratio=ratio)
    return made | {(cell, name): Stock(total, 0, total) for cell, name, total in _of_cells(inventory)}


def _of_cells(inventory: wire.Inventory) -> Iterator[tuple[int, str, int]]:
    for cell in inventory.cells:
        yield cell.id, resources.MEMORY_MB, cell.memory_mib
        if cell.dedicated:
            yield cell.id, resources.PCPU, len(cell.dedicated)
        for size, count in cell.pages.items():
            yield cell.id, resources.pages(int(size)), count


def cpus(inventory: wire.Inventory) -> list[Cpu]:
    """Give its CPUs for dedicated use. A core is named by its first thread."""
    return [
        Cpu(cpu, cell.id, min(core))
        for cell in inventory.cells
        for core in cell.siblings or [(cpu,) for cpu in cell.dedicated]
        for cpu in core
        if cpu in cell.dedicated
    ]


def devices(inventory: wire.Inventory, classes: Collection[str]) -> list[Device]:
    """Give its PCI devices of these classes."""
    classed = ((resources.pci_class(pci.vendor, pci.product), pci) for pci in inventory.pci)
    return [
        Device(pci.address, name, pci.cell, {"name": pci.name} if pci.name else {})
        for name, pci in classed
        if name in classes
    ]
