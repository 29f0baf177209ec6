import random
from datetime import timedelta

import pytest

from common import errors
from common.clock import ManualClock
from common.ids import tap_name, time_ordered
from common.model.network import Network, Subnet
from common.settings import Quota
from controller.db import networks, ports, subnets, tables
from controller.db.ports import PortWish

CLOCK = ManualClock()
NOW = CLOCK.now()
IDS = time_ordered(CLOCK)


@pytest.fixture
def tx(store):
    with store.tx() as tx:
        for name in ("net", "bare"):
            networks.add(tx, Network(id=name, project_id="p", name=name, created_at=NOW, updated_at=NOW))
        subnets.add(
            tx,
            Subnet(
                id="sub",
                network_id="net",
                project_id="p",
                name="sub",
                cidr="10.0.0.0/29",
                gateway_ip="10.0.0.1",
                pools=(("10.0.0.2", "10.0.0.4"),),
                created_at=NOW,
                updated_at=NOW,
            ),
        )
        yield tx


def allocate(tx, *wishes, now=NOW, limits=None, ids=IDS):
    return ports.allocate(tx, wishes, now=now, ids=ids, limits=limits or Quota())


def wish(**fields):
    return PortWish(**{"network_id": "net", "project_id": "p"} | fields)


def used(tx, project="p"):
    row = tx.one(
        tables.quota_use.select().where(
            tables.quota_use.c.project_id == project, tables.quota_use.c.resource == "ports"
        )
    )
    return row[2] if row else 0


def test_a_batch_gets_the_lowest_free_addresses_and_macs_of_its_own(tx):
    made = allocate(tx, wish(device_id="s", position=1), wish(device_id="s"), wish(address="10.0.0.6"))
    assert [p.address for p in made] == ["10.0.0.2", "10.0.0.3", "10.0.0.6"]
    assert len({p.mac for p in made}) == 3
    assert all(p.mac.startswith("fa:16:3e:") for p in made)
    assert [p.id for p in ports.of_servers(tx, ["s", "none"])["s"]] == [made[1].id, made[0].id]
    assert ports.of_servers(tx, ["none"]) == {"none": []}
    taps = {row[0] for row in tx.rows(tables.port.select().with_only_columns(tables.port.c.tap))}
    assert taps == {tap_name(p.id) for p in made}
    assert used(tx) == 3


def test_one_refusal_stops_nobody_and_is_not_counted(tx):
    got = allocate(
        tx,
        wish(address="10.0.0.2"),
        wish(address="10.0.0.2"),
        wish(address="10.0.0.7"),
        wish(address="10.1.0.1"),
        wish(address="ten"),
        wish(network_id="bare", address="10.0.0.3"),
        wish(network_id="bare"),
        wish(),
    )
    assert [getattr(g, "address", type(g)) for g in got] == [
        "10.0.0.2",
        errors.Conflict,
        errors.BadRequest,
        errors.BadRequest,
        errors.BadRequest,
        errors.BadRequest,
        None,
        "10.0.0.3",
    ]
    assert used(tx) == 3


def test_a_full_subnet_says_so(tx):
    *_, last = allocate(tx, wish(), wish(), wish(), wish())
    assert isinstance(last, errors.Conflict)
    assert "no free address" in last.message


def test_a_mac_is_given_once(tx):
    first, second = allocate(tx, wish(mac="fa:16:3e:00:00:01"), wish(mac="fa:16:3e:00:00:01"))
    assert first.mac == "fa:16:3e:00:00:01"
    assert isinstance(second, errors.Conflict)
    assert isinstance(allocate(tx, wish(mac="fa:16:3e:00:00:01"))[0], errors.Conflict)


def test_a_drawn_mac_that_is_taken_is_drawn_again(tx):
    allocate(tx, wish(mac="fa:16:3e:00:00:aa"))
    drawn = iter([f"00000000-0000-7000-8000-0000000000{end}" for end in ("aa", "bb", "bb", "cc")])
    made = allocate(tx, wish(), wish(), ids=lambda: next(drawn))
    assert [p.mac[-2:] for p in made] == ["bb", "cc"]


def test_over_quota_only_those_too_many_are_refused(tx):
    got = allocate(tx, wish(), wish(), wish(), limits=Quota(ports=2))
    assert [type(g).__name__ for g in got] == ["Port", "Port", "QuotaExceeded"]
    assert used(tx) == 2


def test_release_deletes_what_the_server_made_and_frees_the_rest(tx):
    made, own = allocate(tx, wish(device_id="s", made_by_server=True), wish(device_id="s", host_id="h"))
    ports.release(tx, ["s"], NOW)
    ports.release(tx, ["s"], NOW)
    assert ports.find(tx, made.id) is None
    kept = ports.find(tx, own.id, "p")
    assert (kept.device_id, kept.device_owner, kept.host_id) == ("", "", None)
    assert ports.find(tx, own.id, "other") is None
    assert used(tx) == 1


def test_uncounted_ports_keep_their_addresses_and_are_not_taken_from_the_quota_twice(tx):
    made, _own, _other = allocate(
        tx, wish(device_id="s", made_by_server=True), wish(device_id="s"), wish(device_id="t", made_by_server=True)
    )
    ports.uncount(tx, ["s"])
    assert used(tx) == 2
    (taken,) = allocate(tx, wish(address=made.address))
    assert isinstance(taken, errors.Conflict)
    ports.release(tx, ["s", "t"], NOW, uncounted=["s"])
    assert ports.find(tx, made.id) is None
    assert used(tx) == 1


def test_a_freed_address_rests_for_a_lease_and_the_longest_free_comes_first(tx):
    a, b, c = allocate(tx, wish(), wish(), wish())
    ports.delete(tx, [b], NOW)
    ports.delete(tx, [a], NOW + timedelta(minutes=1))
    soon = NOW + timedelta(minutes=30)
    (none,) = allocate(tx, wish(), now=soon)
    (asked,) = allocate(tx, wish(address=a.address), now=soon)
    assert isinstance(none, errors.Conflict)
    assert "lease ends" in asked.message
    later = NOW + timedelta(hours=2)
    assert [p.address for p in allocate(tx, wish(), wish(), now=later)] == [b.address, a.address]
    assert tx.rows(tables.freed_address.select()) == []
    ports.delete(tx, [c], later)


def test_without_dhcp_an_address_needs_no_rest(tx):
    tx.change(tables.subnet, [{"id": "sub", "enable_dhcp": False}])
    (a,) = allocate(tx, wish(address="10.0.0.4"))
    ports.delete(tx, [a], NOW)
    assert allocate(tx, wish(address="10.0.0.4"))[0].address == "10.0.0.4"


def test_nobody_gets_an_address_twice(tx):
    """Random takes and gives, at random times: what is used at any moment is distinct and in the pool."""
    dice, live, now = random.Random(7), [], NOW
    for _ in range(200):
        now += timedelta(minutes=dice.randint(0, 40))
        if live and dice.random() < 0.5:
            ports.delete(tx, [live.pop(dice.randrange(len(live)))], now)
        else:
            live += [p for p in allocate(tx, wish(), now=now) if isinstance(p, ports.Port)]
        addresses = [p.address for p in live]
        assert len(set(addresses)) == len(addresses) <= 3
        assert used(tx) == len(live)
