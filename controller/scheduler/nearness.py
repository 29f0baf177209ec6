"""Devices of a host that a guest may have once its cells are chosen."""

from collections.abc import Collection, Sequence

from controller.scheduler.matching import match
from controller.scheduler.terms import DeviceDemand, DeviceStock, HostView, Near


class Around:
    """A host's free devices as a guest on some of its cells sees them: in these cells, on their sockets, elsewhere."""

    def __init__(self, host: HostView, cells: Collection[int]) -> None:
        self._cells = frozenset(cells)
        sockets = {cell.socket for cell in host.cells if cell.id in self._cells}
        self._beside = frozenset(cell.id for cell in host.cells if cell.socket in sockets)
        self._free = [device for device in host.devices if device.server is None]

    def pick(self, demands: Sequence[DeviceDemand]) -> list[DeviceStock] | None:
        """Give devices for all of these, the nearest that there are, in the demands' order; None: not enough."""
        wants: list[list[DeviceStock]] = []
        for demand in demands:
            fit = [d for d in self._free if d.device_class == demand.device_class and self._allows(d, demand.near)]
            if len(fit) < demand.count:
                return None
            wants += [sorted(fit, key=self.distance)] * demand.count
        by_address = match([[device.address for device in want] for want in wants])
        found = {device.address: device for device in self._free}
        return None if by_address is None else [found[address] for address in by_address]

    def distance(self, device: DeviceStock) -> int:
        """Say how far a device is: 0 in a cell of the guest, 1 on a socket of it, 2 not known, 3 elsewhere."""
        if not self._cells or device.cell in self._cells:
            return 0
        return 2 if device.cell is None else 1 if device.cell in self._beside else 3

    def _allows(self, device: DeviceStock, near: Near) -> bool:
        far = self.distance(device)
        match near:
            case Near.REQUIRED:
                return far == 0
            case Near.SOCKET:
                return far <= 1
            case Near.LEGACY:
                return far in (0, 2)
            case Near.PREFERRED:
                return True
