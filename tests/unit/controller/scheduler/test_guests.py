"""Servers on hosts as the ledger shows them: taken back, a host is as it was before them."""

from msgspec.structs import replace

from common import wire
from common.clock import ManualClock
from common.guest import Guest, GuestCell, GuestDevice
from common.ids import time_ordered
from common.settings import Scheduler as Ratios
from controller.db import ledger, servers
from controller.db.engine import Store
from controller.scheduler import claims
from controller.scheduler.asking import asks
from controller.scheduler.exact import ExactScheduler
from controller.scheduler.guests import guests, reader
from controller.scheduler.views import view
from tests.services.clouds import add_host, add_server, inventory

CLOCK = ManualClock()
CELLS = (
    wire.Cell(id=0, cpus=(0, 1, 2, 3), memory_mib=4096, siblings=((0, 1), (2, 3)), dedicated=(2, 3)),
    wire.Cell(
        id=1,
        cpus=(4, 5, 6, 7),
        memory_mib=4096,
        siblings=((4, 5), (6, 7)),
        dedicated=(4, 5, 6, 7),
        pages={"2048": 512},
    ),
)
NICS = tuple(wire.PciDevice(address=f"0000:0{n}:00.0", vendor="8086", product="1521", cell=n) for n in (0, 1))
SIZE = {"vcpus": 2, "memory_mib": 512, "disk_gib": 5}
ONE = (GuestCell(vcpus=(0, 1), memory_mib=512),)
GUESTS = {
    "floating": Guest(**SIZE),
    "isolated": Guest(
        **SIZE,
        dedicated=(0, 1),
        threads_policy="isolate",
        cells=ONE,
        devices=(GuestDevice(device_class="pci:8086:1521"),),
    ),
    "paged": Guest(**SIZE, cells=ONE, page_kib=2048),
    "celled": Guest(**SIZE, cells=ONE),
}


def put(store: Store) -> list[str]:
    """Put all of them on one host; gives those that went there."""
    with store.tx() as tx:
        features = sorted({feature for guest in GUESTS.values() for feature in guest.features})
        add_host(tx, CLOCK, "h1", features=features)
        has = inventory(cells=CELLS, pci=NICS, overhead_mib=64)
        ledger.apply_inventory(tx, "h1", has, Ratios(), devices=["pci:8086:1521"])
        for name, guest in GUESTS.items():
            add_server(tx, CLOCK, name)
            servers.save(tx, [replace(servers.get(tx, [name])[name], guest=guest)])
        wanting = list(servers.get(tx, GUESTS).values())
        made = ExactScheduler(CLOCK, time_ordered(CLOCK)).claim(tx, asks(tx, wanting))
        servers.save(tx, [replace(server, host_id="h1") for server in wanting])
        assert ledger.verify(tx) == []
    return sorted(one.server for one in made if one.host)


def test_without_its_guests_a_host_is_empty(store: Store) -> None:
    assert put(store) == sorted(GUESTS)
    with store.read() as tx:
        there = guests(tx, ["h1"])["h1"]
        host = view(ledger.shelves(tx, ["h1"])[0], CLOCK.now())
        assert reader(tx)("h1") == there
    assert [guest.ask.server for guest in there] == sorted(GUESTS)
    by_name = {guest.ask.server: guest.place for guest in there}
    (isolated,) = by_name["isolated"].cells
    assert (len(isolated.cpus), len(isolated.kept), by_name["isolated"].devices) == (2, 2, ("0000:01:00.0",))
    assert by_name["paged"].cells[0].page_kib == 2048
    assert by_name["floating"].cells == ()
    assert host.cells[1].taken == frozenset({4, 5, 6, 7})
    for guest in there:
        host = claims.released(host, guest.ask, guest.place)
    assert not any(stock.used for stock in host.stocks.values())
    for cell in host.cells:
        assert (cell.taken, cell.memory_used, [*cell.pages_used.values()]) == (
            frozenset(),
            0,
            [0] * len(cell.pages_used),
        )
    assert not any(device.server for device in host.devices)


def test_a_host_without_servers_has_none(store: Store) -> None:
    with store.tx() as tx:
        add_host(tx, CLOCK, "h1")
        assert guests(tx, ["h1"]) == {"h1": []}
