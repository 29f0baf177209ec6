"""Decision records: what they hold, how little where a host was found, how exact where none was."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.clock import ManualClock
from common.ids import time_ordered
from common.model.decision import DecisionRecord
from controller.scheduler import inputs
from controller.scheduler.filters import reasons
from controller.scheduler.fleet import Fleet
from controller.scheduler.record import Recorder
from controller.scheduler.room import Guest
from controller.scheduler.score import Policy
from controller.scheduler.terms import (
    Ask,
    CellDemand,
    DeviceDemand,
    DeviceStock,
    Fall,
    GroupAsk,
    HostView,
    Near,
    Place,
    Stock,
    Threads,
    Together,
)
from controller.scheduler.variants import variants
from tests.services.views import ask, cell, numa, pinned, view

CLOCK = ManualClock()
ZONES = {"a": frozenset({"za"}), "b": frozenset({"zb"})}


def fleet(*hosts: HostView) -> Fleet:
    made = Fleet(Policy())
    made.load(hosts)
    return made


def decided(hosts: Fleet, wanted: Ask, zones: Mapping[str, frozenset[str]] = ZONES) -> DecisionRecord:
    recorder = Recorder(hosts, time_ordered(CLOCK), CLOCK.now(), zones)
    return recorder.record(wanted, hosts.decide(wanted))


def changes(hosts: Fleet, wanted: Ask) -> list[str]:
    return [change.text for change in decided(hosts, wanted).changes]


def test_a_server_that_found_a_host_has_counts_and_the_best_hosts() -> None:
    hosts = fleet(view("h1"), view("h2", servers=1), view("h3", memory=100), view("h4", shut="closed"), view("h5"))
    record = decided(hosts, ask("s"))
    assert (record.server_id, record.host_id, record.hosts, record.at) == ("s", "h2", 5, CLOCK.now())
    assert record.reason == "best of 3 that fit among 5"
    assert [(one.filter, one.hosts) for one in record.fallen] == [("shut", 1), ("memory", 1)]
    assert [one.host for one in record.best] == ["h2", "h1", "h5"]
    assert record.best[0].score < record.best[1].score
    assert (record.changes, record.near) == ((), ())


def test_asks_that_are_alike_share_what_was_seen() -> None:
    hosts = fleet(view("h1"), view("h2", cpus=1))
    recorder = Recorder(hosts, time_ordered(CLOCK), CLOCK.now(), {})
    records = []
    for name in ("s", "t"):
        wanted = ask(name, hints={"seed": 7})
        place = hosts.decide(wanted)
        assert place
        records.append(recorder.record(wanted, place))
        hosts.commit(wanted, place)
    assert records[0].id != records[1].id
    assert [record.server_id for record in records] == ["s", "t"]
    assert records[0].fallen is records[1].fallen
    beside = recorder.record(ask("u", memory_mib=10**6), None)
    assert beside.host_id is None


def test_a_server_without_a_host_is_told_what_fell_what_was_near_and_what_would_fit() -> None:
    hosts = fleet(
        view("h1", memory=1800, overhead_mib=64),
        view("h2", memory=900),
        view("h3", shut="disabled: maintenance"),
        view("h4", memory=900, disk=1),
    )
    record = decided(hosts, ask("s", memory_mib=4096))
    assert record.host_id is None
    assert record.reason == (
        "No valid host: 4 hosts; 3 lack memory, 1 is out of service; "
        "fits if memory <= 1736 MiB or once a host that is out of service is back"
    )
    assert [(one.filter, one.hosts, one.codes) for one in record.fallen] == [
        ("shut", 1, ("shut",)),
        ("memory", 3, ("memory-mb",)),
    ]
    assert record.fallen[1].reasons["h1"] == "needs 4096 MiB, 1736 free"
    assert list(record.fallen[1].reasons) == ["h1", "h2", "h4"], "those that lack least first"
    assert [(one.host, one.missing) for one in record.near] == [
        ("h1", ("needs 4096 MiB, 1736 free",)),
        ("h2", ("needs 4096 MiB, 900 free",)),
        ("h3", ("disabled: maintenance",)),
    ]


def test_what_no_host_could_ever_take_is_told() -> None:
    hosts = fleet(view("h1", memory=1800, shut="disabled"), view("h2", stocks={"DISK_GB": Stock(9)}))
    record = decided(hosts, ask("s", memory_mib=4096))
    assert record.never
    assert record.reason == (
        "No valid host: 2 hosts; 1 is out of service, 1 lacks disk; none could take it even when empty; "
        "fits if disk <= 9 GiB"
    )
    later = decided(hosts, ask("t", memory_mib=1800))
    assert (later.never, "even when empty" in later.reason) == (False, False), "the first could, once it is open"


def test_without_hosts_it_says_so() -> None:
    record = decided(fleet(), ask())
    assert (record.reason, record.fallen, record.changes) == ("No valid host: there are no hosts", (), ())


WOULD: list[tuple[list[HostView], Ask, list[str]]] = [
    ([view(cpus=3)], ask(shared=8), ["if vCPUs <= 3"]),
    ([view(disk=15)], ask(disk_gib=16), ["if disk <= 15 GiB"]),
    ([view(cpus=1, memory=1)], ask(), ["if vCPUs <= 1 and memory <= 1 MiB"]),
    ([view(cpus=0, memory=1)], ask(), []),
    ([view(cpus=5, memory=900, disk=3)], ask(shared=8), ["if vCPUs <= 5 and memory <= 900 MiB and disk <= 3 GiB"]),
    ([view("h1", cpus=7, disk=1), view("h2", cpus=0)], ask(shared=8), ["if vCPUs <= 7 and disk <= 1 GiB"]),
    ([view("h1", shut="down"), view("h2", cpus=0)], ask(), ["once a host that is out of service is back"]),
    (
        [view(stocks={"CUSTOM_X": Stock(2)})],
        ask(resources=(("CUSTOM_X", 3),)),
        ["if CUSTOM_X <= 2", "without CUSTOM_X"],
    ),
    ([view(features=frozenset("a"))], ask(features=frozenset("ab")), ["without b"]),
    ([view(traits=frozenset("a"))], ask(traits=frozenset("ab")), ["without trait b"]),
    ([view(traits=frozenset("a"))], ask(forbidden=frozenset("a")), ["with trait a allowed"]),
    ([view(aggregates=frozenset({"zb"}))], ask(aggregates=(ZONES["a"],)), ["in zone b"]),
    ([view()], ask(aggregates=(frozenset("t"),)), ["outside its aggregates"]),
    ([view(aggregates=frozenset("t"))], ask(outside=frozenset("t")), ["on hosts that are kept for others"]),
    ([view()], ask(hints={"only": frozenset({"h9"})}), ["without the hints for hosts"]),
    ([view()], ask(hints={"never": frozenset({"h1"})}), ["without the hints against hosts"]),
    (
        [view(groups={"g": 1})],
        ask(hints={"group": GroupAsk("g", Together.ANTI_AFFINITY)}),
        ["outside its server group"],
    ),
    (
        [view("h1", cpus=1, groups={"g": 1}), view("h2")],
        ask(hints={"group": GroupAsk("g", Together.AFFINITY)}),
        ["if vCPUs <= 1", "outside its server group"],
    ),
    ([numa(count=1)], pinned(cpus=6), ["if dedicated vCPUs <= 4", "with shared CPUs"]),
    ([numa()], pinned(memory=5000), ["if memory <= 4096 MiB"]),
    ([numa()], pinned(cells=2, memory=5000), ["if memory <= 8192 MiB"]),
    (
        [numa()],
        pinned(memory=3000, page_kib=2048),
        ["if memory in pages of 2048 KiB <= 2048 MiB", "with ordinary memory pages"],
    ),
    (
        [numa()],
        pinned(cpus=3, threads=Threads.ISOLATE),
        ["if dedicated vCPUs <= 2", "with CPU thread policy prefer", "with shared CPUs"],
    ),
    (
        [numa(cells=(cell(0),))],
        pinned(cells=2, cpus=1),
        ["in one NUMA cell"],
    ),
    (
        [numa()],
        pinned(devices=(DeviceDemand("gpu", 2, Near.REQUIRED),)),
        ["if gpu <= 1", "with devices of any NUMA cell"],
    ),
    (
        [numa(cells=(cell(0),), stocks={"PCPU": Stock(1)})],
        ask(shared=2, dedicated=2, cells=(CellDemand(2, 2, 1024),)),
        ["with shared CPUs"],
    ),
]


@pytest.mark.parametrize(("hosts", "wanted", "told"), WOULD)
def test_what_would_fit_does_fit(hosts: list[HostView], wanted: Ask, told: list[str]) -> None:
    assert changes(fleet(*hosts), wanted) == told


def test_affinity_to_nobody_is_no_reason() -> None:
    record = decided(fleet(view(cpus=1)), ask(hints={"group": GroupAsk("g", Together.AFFINITY)}))
    assert [one.filter for one in record.fallen] == ["cpus"]
    assert record.near[0].missing == ("needs 2 CPUs, 1 free",)


def test_a_record_does_not_grow_with_the_hosts() -> None:
    few, many = (decided(fleet(*(view(f"h{n:03}", cpus=1) for n in range(m))), ask()) for m in (40, 400))
    assert len(msgspec.json.encode(many)) <= len(msgspec.json.encode(few)) + 8
    assert many.fallen[0].hosts == 400


def test_a_record_does_not_grow_with_the_zones() -> None:
    zones = {f"z{n:02}": frozenset({f"a{n}"}) for n in range(40)}
    made = fleet(*(view(f"h{n}", aggregates=frozenset({f"a{n}"})) for n in range(1, 40)))
    told = decided(made, ask(aggregates=(zones["z00"],)), zones)
    assert [change.text for change in told.changes] == [f"in zone z{n:02}" for n in range(1, 13)]


def test_the_one_line_fits_into_a_fault_and_names_no_host() -> None:
    hosts = fleet(view("topsecret", cpus=1, memory=700, disk=8, aggregates=frozenset({"zb"})))
    for wanted in (ask(), ask(shared=1), ask(shared=1, memory_mib=700), ask(shared=1, aggregates=(ZONES["a"],))):
        reason = decided(hosts, wanted).reason
        assert len(reason) < 200
        assert "topsecret" not in reason


def test_filters_and_classes_agree_on_where_each_host_falls() -> None:
    hosts = [
        view("h1", cpus=1),
        view("h2", memory=1023),
        view("h3", disk=9),
        view("h4", shut="x"),
        numa("h5"),
        numa("h6", cells=(cell(0, taken=frozenset({0})), cell(1, memory_used=4000))),
        view("h7", groups={"g": 1}),
    ]
    group = GroupAsk("g", Together.ANTI_AFFINITY)
    gpus = (DeviceDemand("gpu", 2, Near.LEGACY),)
    for wanted in (ask(hints={"group": group, "never": frozenset({"h5"})}), pinned(cells=2), pinned(devices=gpus)):
        fell = fleet(*hosts).inquiry().fallen(wanted, 99)
        judged = {host: one.fall for one in fell for host in one.hosts}
        assert judged == {host.id: next(iter(reasons(host, wanted)), 0) for host in hosts}


def test_inputs_make_the_same_ask_and_place_again() -> None:
    wanted = pinned(
        threads=Threads.ISOLATE,
        devices=(DeviceDemand("gpu", 1, Near.SOCKET),),
        traits=frozenset("ab"),
        aggregates=(frozenset("z"),),
        spread=True,
        hints={
            "seed": 4,
            "only": frozenset({"h1"}),
            "never": frozenset({"h2"}),
            "group": GroupAsk("g", Together.AFFINITY),
        },
    )
    place = fleet(numa(traits=frozenset("ab"), aggregates=frozenset("z"))).decide(wanted)
    assert place
    told = msgspec.json.decode(msgspec.json.encode(inputs.write(wanted, place)))
    assert inputs.read("s", told) == wanted
    assert inputs.place("h1", told) == place
    plain = inputs.write(ask(hints={"seed": 1}), Place(host="h1"))
    assert plain == {"demand": {"shared": 2, "memory_mib": 1024, "disk_gib": 10}, "seed": 1}
    assert (inputs.read("s", plain), inputs.place("h1", plain)) == (ask(hints={"seed": 1}), Place(host="h1"))


def test_a_host_is_written_without_what_is_default() -> None:
    host = numa(features=frozenset("a"), groups={"g": 1})
    told = msgspec.json.decode(msgspec.json.encode(inputs.slim(host)))
    assert msgspec.convert(told, HostView, strict=False) == host
    assert "traits" not in told


def test_moving_a_server_is_told_with_its_hosts_apart() -> None:
    hosts = fleet(view("h1"), view("h2"))
    there: dict[str, list[Guest]] = {"h1": [], "h2": []}
    for name, host, cpus in (("a", "h1", 4), ("b", "h1", 2), ("c", "h2", 5)):
        guest = Guest(ask(name, shared=cpus), Place(host=host))
        hosts.commit(*guest)
        there[host].append(guest)
    wanted = ask("s", shared=4)
    recorder = Recorder(hosts, time_ordered(CLOCK), CLOCK.now(), {}, there.__getitem__)
    told = recorder.record(wanted, hosts.decide(wanted))
    assert [change.text for change in told.changes] == ["if vCPUs <= 3", "after moving 1 server to another host"]
    assert told.changes[1].hosts == "b from h1 to h2"
    assert hosts.view("h1").stocks["VCPU"].used == 6, "nothing was moved"


def test_zones_are_called_by_their_names() -> None:
    told = decided(fleet(view("h1"), view("h2", aggregates=frozenset({"t"}))), ask(aggregates=(ZONES["a"],)))
    assert told.fallen[0].reasons == {"h1": "is not in zone a", "h2": "is not in zone a"}
    assert told.near[0].missing == ("is not in zone a",)


def _hosts() -> st.SearchStrategy[list[HostView]]:
    cells = st.builds(
        cell,
        st.just(0),
        taken=st.frozensets(st.sampled_from([0, 1, 4, 5])),
        memory_used=st.integers(0, 4096),
        pages_used=st.just({2048: 600}),
    )
    second = st.builds(cell, st.just(1), socket=st.integers(0, 1), taken=st.frozensets(st.sampled_from([8, 9, 12, 13])))
    device = st.builds(
        DeviceStock,
        address=st.sampled_from("abc"),
        device_class=st.just("gpu"),
        cell=st.sampled_from([0, 1, None]),
        server=st.sampled_from([None, None, "x"]),
    )
    one = st.fixed_dictionaries(
        {
            "cpus": st.integers(0, 6),
            "memory": st.integers(500, 4000),
            "disk": st.integers(5, 20),
            "shut": st.sampled_from(["", "", "", "closed"]),
            "overhead_mib": st.sampled_from([0, 64]),
            "memory_ratio": st.sampled_from([1.0, 1.5]),
            "traits": st.frozensets(st.sampled_from("tu")),
            "aggregates": st.frozensets(st.sampled_from(["za", "zb"])),
            "groups": st.sampled_from([{}, {"g": 1}]),
            "cells": st.tuples(cells, second) | st.just(()),
            "devices": st.lists(device, max_size=3, unique_by=lambda d: d.address).map(tuple),
            "stocks": st.builds(lambda n: {"PCPU": Stock(n)}, st.integers(0, 8)),
        }
    )
    many = st.lists(one, min_size=1, max_size=6)
    return many.map(lambda found: [view(f"h{number}", **fields) for number, fields in enumerate(found)])


def _asks() -> st.SearchStrategy[Ask]:
    devices = st.lists(
        st.builds(DeviceDemand, st.just("gpu"), st.integers(1, 2), st.sampled_from(Near)), max_size=2
    ).map(tuple)
    hints = st.fixed_dictionaries(
        {
            "never": st.frozensets(st.sampled_from(["h0", "h1"])),
            "only": st.none() | st.just(frozenset({"h0", "h2"})),
            "group": st.none() | st.builds(GroupAsk, st.just("g"), st.sampled_from(Together), st.integers(1, 2)),
        }
    )
    common = {
        "traits": st.frozensets(st.sampled_from("t")),
        "aggregates": st.sampled_from([(), (ZONES["a"],)]),
        "devices": devices,
        "hints": hints,
        "locked": st.booleans(),
    }
    plain = st.fixed_dictionaries({"shared": st.integers(1, 6), "memory_mib": st.integers(256, 3000)} | common)
    pins = st.fixed_dictionaries(
        {
            "cells": st.integers(1, 2),
            "cpus": st.integers(1, 4),
            "memory": st.sampled_from([256, 1024]),
            "page_kib": st.sampled_from([0, 2048]),
            "threads": st.sampled_from(Threads),
        }
        | common
    )
    return plain.map(lambda fields: ask(**fields)) | pins.map(lambda fields: pinned(**fields))


@settings(max_examples=150, deadline=None)
@given(_hosts(), _asks())
def test_the_words_for_one_host_and_the_look_at_all_agree(hosts: list[HostView], wanted: Ask) -> None:
    made = fleet(*hosts)
    meant = made.inquiry().meant(wanted)
    fell = made.inquiry().fallen(wanted, 99)
    judged = {host: one.fall for one in fell for host in one.hosts}
    assert judged == {host.id: next(iter(reasons(host, meant)), Fall.NOWHERE) for host in hosts}
    assert (made.decide(wanted) is None) == (Fall.NOWHERE not in judged.values())
    if Fall.NOWHERE not in judged.values():
        record = decided(made, wanted)
        assert sum(one.hosts for one in record.fallen) == len(hosts)
        texts = {change.text for change in record.changes}
        assert {one.text for one in variants(meant, ZONES) if one.text in texts and made.decide(one.ask)} == {
            one.text for one in variants(meant, ZONES) if one.text in texts
        }
