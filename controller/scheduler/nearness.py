"""Devices of a host that a guest may have once its cells are chosen."""

from collections.abc import Sequence
from typing import NamedTuple

from controller.scheduler.matching import match
from controller.scheduler.terms import CellStock, DeviceDemand, DeviceStock, HostView, Near

_ALLOWED = {
    Near.REQUIRED: frozenset({0}),
    Near.SOCKET: frozenset({0, 1}),
    Near.LEGACY: frozenset({0, 2}),
    Near.PREFERRED: frozenset({0, 1, 2, 3}),
}


class Given(NamedTuple):
    """Devices for a guest, in the order of its demands, and how far they are, summed."""

    devices: tuple[str, ...]
    far: int


class Idle:
    """The free devices of a host."""

    def __init__(self, host: HostView) -> None:
        self._host = host
        self.free = [device for device in host.devices if device.server is None]

    def nearest(self, demands: Sequence[DeviceDemand], cells: Sequence[CellStock]) -> Given | None:
        """Choose for a guest on these cells, the nearest that there are; None: there are not enough."""
        if not demands:
            return Given((), 0)
        far = self._distances(cells)
        wants: list[list[DeviceStock]] = []
        for demand in demands:
            allowed = _ALLOWED[demand.near]
            ours = [device for device in self.free if device.device_class == demand.device_class]
            fit = [device for device in ours if far.get(device.cell, 3) in allowed]
            wants += [sorted(fit, key=lambda device: far.get(device.cell, 3))] * demand.count
        given = match([[device.address for device in want] for want in wants])
        if given is None:
            return None
        cell_of = {device.address: device.cell for device in self.free}
        return Given(tuple(given), sum(far.get(cell_of[address], 3) for address in given))

    def _distances(self, cells: Sequence[CellStock]) -> dict[int | None, int]:
        """Say how far each cell is: 0 one of the guest, 1 on a socket of it, 2 not known; what is left out is farther.

        To a guest without cells all are near.
        """
        if not cells:
            return dict.fromkeys((device.cell for device in self.free), 0)
        sockets = {cell.socket for cell in cells}
        far: dict[int | None, int] = {None: 2}
        far |= {cell.id: 1 for cell in self._host.cells if cell.socket in sockets}
        return far | {cell.id: 0 for cell in cells}
