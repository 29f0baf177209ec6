"""Where PCI cards go: a card keeps its address, a new one gets the first free place."""

from collections.abc import Iterator

from common import errors
from compute_agent.domain_xml.defaults import DEFAULTS
from compute_agent.domain_xml.devices import Address, Controller
from compute_agent.domain_xml.hardware import Kept

FIRST_PORT_SLOT, PORTS_A_SLOT = 2, 8
"""Root ports sit from this slot of bus 0 on, eight to a slot: one for each function."""

SATA = (0x1F, 2)
IDE = (0x01, 1)
"""Slot and function of the disk controllers that the boards have."""

CONVENTIONAL = {"watchdog": 5}
"""Cards that are no PCI Express ones sit on q35's bus 0 itself, at these slots."""


def pci(bus: int = 0, slot: int = 0, function: int = 0, *, many: bool = False) -> Address:
    """Make a PCI address; ``many`` marks the first function of a slot that has several."""
    return Address(
        type="pci",
        domain="0x0000",
        bus=f"0x{bus:02x}",
        slot=f"0x{slot:02x}",
        function=f"0x{function:x}",
        multifunction="on" if many else None,
    )


class Slots:
    """The PCI slots of one guest. ``express``: a q35 machine, where each card has a root port; else i440fx."""

    def __init__(self, kept: Kept, express: bool) -> None:
        self._kept = kept
        self._express = express
        taken = kept.slots()
        places = ((bus, 0) for bus in range(1, DEFAULTS.root_ports + 1)) if express else ((0, n) for n in range(3, 32))
        self._free = iter([place for place in places if place not in taken])

    def place(self, role: str) -> Address:
        """Give a card's address: the one it has, or a free one.

        :raises HypervisorError: no slot is left.
        """
        known = self._kept.address(role)
        if known:
            return known
        if self._express and role in CONVENTIONAL:
            return pci(slot=CONVENTIONAL[role])
        place = next(self._free, None)
        if place is None:
            raise errors.HypervisorError(f"no PCI slot is left for {role}")
        return pci(*place)

    def video(self) -> Address:
        """Give the first graphics card's address; firmware looks for it there."""
        return self._kept.address("video:0") or pci(slot=1 if self._express else 2)

    def boards(self) -> Iterator[Controller]:
        """Give the controllers that make the machine's buses."""
        if not self._express:
            yield Controller(type="pci", index=0, model="pci-root")
            yield Controller(type="ide", index=0, address=pci(0, *IDE))
            return
        yield Controller(type="pci", index=0, model="pcie-root")
        yield from (_root_port(number) for number in range(1, DEFAULTS.root_ports + 1))
        yield Controller(type="sata", index=0, address=pci(0, *SATA))


def _root_port(number: int) -> Controller:
    """Make a root port, numbered from 1; its number is the bus behind it."""
    slot, function = divmod(number - 1 + FIRST_PORT_SLOT * PORTS_A_SLOT, PORTS_A_SLOT)
    return Controller(
        type="pci",
        index=number,
        model="pcie-root-port",
        card="pcie-root-port",
        chassis=number,
        port=f"0x{slot * PORTS_A_SLOT + function:x}",
        address=pci(slot=slot, function=function, many=function == 0),
    )
