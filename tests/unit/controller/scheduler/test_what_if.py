"""What would be: how many fit and what binds, what lands, what to move."""

import pytest

from controller.scheduler import claims, placing
from controller.scheduler.filters import reasons
from controller.scheduler.fit import fit
from controller.scheduler.fleet import Fleet
from controller.scheduler.landing import copies, landing, one_by_one
from controller.scheduler.room import Guest, plan
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, DeviceDemand, GroupAsk, HostView, Near, Stock, Threads, Together
from tests.services.views import ask, cell, numa, pinned, view


def fleet(*hosts: HostView) -> Fleet:
    made = Fleet(Policy())
    made.load(hosts)
    return made


class Packed:
    """A fleet with servers on it, by host."""

    def __init__(self, *hosts: HostView) -> None:
        self.fleet = fleet(*hosts)
        self.guests: dict[str, list[Guest]] = {host.id: [] for host in hosts}

    def put(self, host: str, wanted: Ask) -> None:
        place = placing.find(self.fleet.view(host), wanted.demand)
        assert place
        self.fleet.commit(wanted, place)
        self.guests[host].append(Guest(wanted, place))

    def views(self) -> list[HostView]:
        return [self.fleet.view(host) for host in self.guests]


def test_all_that_fit_are_counted_by_host() -> None:
    found = fit(fleet(view("h1", cpus=4), view("h2", cpus=7)), ask("small"), 4, {})
    assert (found.servers, found.binds) == (4, None)
    assert sum(found.hosts.values()) == 4


def test_what_binds_is_told_for_the_first_that_does_not_fit() -> None:
    found = fit(fleet(view("h1", cpus=4), view("h2", cpus=7, memory=2048)), ask("small"), 9, {})
    assert found.servers == 4
    assert dict(found.hosts) == {"h1": 2, "h2": 2}
    assert found.binds
    assert [(one.filter, one.hosts) for one in found.binds.fallen] == [("cpus", 1), ("memory", 1)]
    assert [one.text for one in found.binds.changes] == []


def test_a_group_binds_too() -> None:
    group = GroupAsk("g", Together.ANTI_AFFINITY)
    found = fit(fleet(view("h1"), view("h2")), ask("small", hints={"group": group}), 5, {})
    assert found.servers == 2
    assert found.binds
    assert [one.filter for one in found.binds.fallen] == ["group"]


@pytest.mark.parametrize(
    ("host", "wanted", "number"),
    [
        (view(cpus=8), ask(), 4),
        (view(cpus=80), ask(), 8),
        (view(cpus=80, overhead_mib=1024), ask(), 4),
        (view(shut="closed"), ask(), 0),
        (view(disk=15), ask(shared=0, memory_mib=0), 1),
        (numa(), pinned(cpus=3), 2),
        (numa(), pinned(cpus=1, threads=Threads.ISOLATE), 4),
        (numa(), pinned(cpus=1, devices=(DeviceDemand("gpu", 1, Near.REQUIRED),)), 2),
        (numa(), pinned(cells=2, cpus=2), 2),
    ],
)
def test_copies_on_one_host(host: HostView, wanted: Ask, number: int) -> None:
    assert copies(host, wanted.demand) == number


@pytest.mark.parametrize("page_kib", [0, 2048])
@pytest.mark.parametrize("cpus", [1, 2, 3])
@pytest.mark.parametrize("taken", [(), (0,), (0, 1, 8)])
@pytest.mark.parametrize("memory", [700, 1100])
def test_counting_gives_what_one_by_one_does(page_kib: int, cpus: int, taken: tuple[int, ...], memory: int) -> None:
    used = frozenset(taken)
    cells = tuple(cell(n, taken=used & {c for core in cell(n).cores for c in core}, memory_used=900) for n in (0, 1))
    for host in (numa(cells=cells), numa(cells=cells, stocks={"PCPU": Stock(3)})):
        demand = pinned(cpus=cpus, memory=memory, page_kib=page_kib).demand
        assert copies(host, demand) == one_by_one(host, demand)


def test_fragmentation_is_what_is_free_in_the_wrong_places() -> None:
    hosts = [view(f"h{n}", cpus=3) for n in range(4)]
    found = landing(fleet(*hosts, view("h9", shut="down")), ask().demand)
    assert (found.lands, found.held, found.hosts) == (4, 6, {f"h{n}": 1 for n in range(4)})
    assert found.fragmentation == pytest.approx(1 / 3)


def test_cells_and_devices_fragment_too() -> None:
    halves = [numa("h1", cells=(cell(0, taken=frozenset({0, 1})), cell(1, taken=frozenset({8, 9}))))]
    found = landing(fleet(*halves), pinned(cpus=4).demand)
    assert (found.lands, found.held) == (0, 1)
    apart = landing(fleet(numa("h1"), numa("h2")), pinned(devices=(DeviceDemand("gpu", 2, Near.REQUIRED),)).demand)
    assert (apart.lands, apart.held, apart.fragmentation) == (0, 2, 1.0)


def test_a_fleet_that_has_nothing_is_not_in_pieces() -> None:
    found = landing(fleet(), ask().demand)
    assert (found.lands, found.held, found.fragmentation) == (0, 0, 0.0)


def full() -> Packed:
    """Two hosts of 8 CPUs with 6 and 5 used; 5 do not fit, though one server of 2 could go elsewhere."""
    made = Packed(view("h1"), view("h2"))
    made.put("h1", ask("a", shared=4, memory_mib=10))
    made.put("h1", ask("b", shared=2, memory_mib=10))
    made.put("h2", ask("c", shared=4, memory_mib=10))
    made.put("h2", ask("d", shared=1, memory_mib=10))
    return made


def test_what_fits_needs_no_move() -> None:
    made = full()
    found = plan(made.fleet, ask(shared=3), made.guests.__getitem__)
    assert (found.host, found.moves) == ("h2", ())


def test_the_fewest_moves_are_found_and_the_fleet_is_left_as_it_was() -> None:
    made = full()
    before = made.views()
    found = plan(made.fleet, ask(shared=4, memory_mib=10), made.guests.__getitem__)
    assert found.host in ("h1", "h2")
    (move,) = found.moves
    assert move.source == found.host != move.target
    assert made.views() == before
    left = next(guest for guest in made.guests[move.source] if guest.ask.server == move.server)
    freed = claims.released(made.fleet.view(move.source), left.ask, left.place)
    assert reasons(freed, ask(shared=4, memory_mib=10)) == {}


def test_two_moves_where_one_is_not_enough() -> None:
    made = Packed(view("h1"), view("h2", disk=45))
    for n in range(4):
        made.put("h1", ask(f"a{n}", memory_mib=10, disk_gib=1))
    made.put("h2", ask("b", shared=4, memory_mib=10, disk_gib=1))
    large = ask(shared=4, memory_mib=10, disk_gib=60)
    found = plan(made.fleet, large, made.guests.__getitem__)
    assert (found.host, [(move.source, move.target) for move in found.moves]) == ("h1", [("h1", "h2")] * 2)
    assert found.whole
    assert plan(made.fleet, large, made.guests.__getitem__, most_moves=1).host is None


def test_cells_are_made_room_for() -> None:
    made = Packed(numa("h1"), numa("h2"))
    for host, name, cpus in (("h1", "a", 3), ("h1", "b", 2), ("h2", "c", 3), ("h2", "d", 2)):
        made.put(host, Ask(name, pinned(cpus=cpus).demand))
    (move,) = plan(made.fleet, pinned(cpus=4, memory=64), made.guests.__getitem__).moves
    assert move.server in ("b", "d"), "the pairs go together, and leave a cell"


def test_no_way_is_told_with_whether_all_was_tried() -> None:
    made = full()
    large = ask(shared=8, memory_mib=10)
    found = plan(made.fleet, large, made.guests.__getitem__)
    assert (found.host, found.moves, found.whole) == (None, (), True)
    assert found.tried == 6
    ended = plan(made.fleet, large, made.guests.__getitem__, tries=3)
    assert (ended.host, ended.tried, ended.whole) == (None, 3, False)


def test_hosts_that_are_not_for_such_servers_are_left_alone() -> None:
    made = Packed(view("h1", shut="down"), view("h2", stocks={"VCPU": Stock(1)}))
    assert plan(made.fleet, ask(), made.guests.__getitem__) == plan(made.fleet, ask(), made.guests.__getitem__)
    assert plan(made.fleet, ask(), made.guests.__getitem__).tried == 0


def test_affinity_keeps_those_that_would_move() -> None:
    group = GroupAsk("g", Together.AFFINITY)
    made = Packed(view("h1"), view("h2", cpus=5))
    made.put("h1", ask("a", memory_mib=10, hints={"group": group}))
    made.put("h1", ask("b", shared=6, memory_mib=10, hints={"group": group}))
    found = plan(made.fleet, ask(shared=6, memory_mib=10), made.guests.__getitem__)
    assert found.host is None, "both want to be where the other is"
