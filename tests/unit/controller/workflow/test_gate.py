"""The gate by itself: each thing that is not let in is counted under its own kind, and all else is let in."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from common import errors, wire
from common.bus.contract import Delivery
from common.clock import ManualClock
from common.guest import Guest
from common.model.host import Host, HostState
from common.model.server import Server
from common.refusals import Refusals
from common.settings import Bus, Controller, Settings
from common.states import Power, State
from controller.db import hosts
from controller.db.credentials import CREDENTIALS, Credential
from controller.db.engine import Store
from controller.workflow import gate as gates
from controller.workflow import rates
from controller.workflow.desk import Desk, Report
from controller.workflow.gate import Gate, Heard, sender
from tests.workflow.model_agent import inventory

AT = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = Settings()
BY_HAND = Settings(controller=Controller(auto_enroll=False))
OLD, NEW = "key-1", "key-2"
"""Ids of credentials grow with time."""


def gate(settings: Settings = BY_HAND, clock: ManualClock | None = None) -> Gate:
    return Gate(clock or ManualClock(), settings, Refusals(logging.getLogger("test")))


def event(kind: str, body: wire.Message, host: str = "h1", **more: Any) -> wire.Event:
    made = {"id": "e", "host": host, "host_epoch": 3, "seq": 1, "kind": kind, "body": wire.raw(body), "at": AT}
    return wire.Event(**{**made, **more})


def hello(name: str = "one", keys: tuple[str, ...] = (), host: str = "h1") -> Report:
    said = wire.Hello(
        id="x", name=name, boot_id="b", version="1", features=(), inventory=inventory(), present=(), keys=keys
    )
    return Report(event("hello", said, host, host_epoch=0), said)


def beat(host: str = "h1", epoch: int = 3) -> Report:
    return Report(event("heartbeat", wire.Heartbeat(beat=1), host, host_epoch=epoch), wire.Heartbeat(beat=1))


def about(server: str, kind: str = "power", generation: int = 2) -> Report:
    body = {
        "power": wire.PowerSeen(power=Power.OFF),
        "settled": wire.Settled(power=Power.OFF),
        "failed": wire.Failed(code="x", reason="x"),
        "stale": wire.Stale(command="c", host_epoch=1),
        "answer": wire.Answer(query="q"),
    }[kind]
    return Report(event(kind, body, server=server, generation=generation), body)


def delivery(told: wire.Event, key: str = "") -> Delivery:
    return Delivery(1, key or f"host.{told.host}.{told.kind}", wire.pack(told), again=False)


# ---- before anything is read -------------------------------------------------------------------------------
def test_what_is_over_a_hosts_rate_is_dropped_unread() -> None:
    clock = ManualClock()
    made = gate(Settings(bus=Bus(host_rate=1.0, host_burst=2)), clock)
    nonsense = Delivery(1, "host.h1.usage", b"\xff", again=False)
    assert [made.unread(nonsense) for _ in range(4)] == [False, False, True, True]
    assert not made.unread(Delivery(1, "host.h2.usage", b"", again=False)), "others are not held to it"
    assert made.refusals.counts == {("over-rate", "h1"): 2}
    clock.advance(1.0)
    assert not made.unread(nonsense)


def test_a_large_message_is_held_against_the_rate_as_several() -> None:
    made = gate(Settings(bus=Bus(host_rate=1.0, host_burst=8)))
    large = Delivery(1, "host.h1.states", b"x" * rates.PIECE * 4, again=False)
    assert [made.unread(large) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("key", "host"), [("host.h1.usage", "h1"), ("host.h1", "host.h1"), ("", ""), ("a.b.c.d", "b")])
def test_the_sender_is_named_by_the_routing_key(key: str, host: str) -> None:
    assert sender(Delivery(1, key, b"", again=False)) == host


# ---- reading -----------------------------------------------------------------------------------------------
def test_a_message_is_read_with_its_body() -> None:
    assert gate().read(delivery(beat().event)) == beat()


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (Delivery(1, "host.h1.usage", b"{", again=False), "malformed"),
        (delivery(event("heartbeat", wire.Lease(beat=1, lease_seconds=1, at=AT)), "host.h1.usage"), "wrong-sender"),
        (delivery(beat("h2").event, "host.h1.heartbeat"), "wrong-sender"),
        (delivery(replace(beat().event, body=msgspec.Raw(b'{"beat":"x"}'))), "malformed"),
    ],
)
def test_what_cannot_be_read_is_counted_for_whose_key_it_came_under(found: Delivery, kind: str) -> None:
    made = gate()
    with pytest.raises(errors.BadRequest):
        made.read(found)
    assert made.refusals.counts == {(kind, "h1"): 1}


# ---- with the rows at hand ---------------------------------------------------------------------------------
def host(id_: str, name: str) -> Host:
    return Host(
        id=id_,
        name=name,
        generation=1,
        epoch=3,
        boot_id="b",
        state=HostState.UP,
        enabled=True,
        heard_at=AT,
        lease_until=AT,
    )


def server(id_: str, on: str | None) -> Server:
    return Server(
        id=id_,
        project_id="p",
        user_id="u",
        name="s",
        state=State.ACTIVE,
        power=Power.ON,
        seen=Power.ON,
        generation=2,
        flavor_id="f",
        flavor_name="f",
        guest=Guest(vcpus=1, memory_mib=64, disk_gib=1),
        image_id="i",
        created_at=AT,
        updated_at=AT,
        host_id=on,
    )


@dataclass
class Fleet:
    """A store with two hosts; credentials are added by tests."""

    store: Store

    def credential(self, id_: str, user: str | None = None, of: str = "h1") -> None:
        made = Credential(id=id_, host_id=of, broker_user=user, key="k", created_at=AT)
        with self.store.tx() as tx:
            CREDENTIALS.add(tx, [made])

    def desk(self) -> Desk:
        known = {"mine": server("mine", "h1"), "theirs": server("theirs", "h2"), "nowhere": server("nowhere", None)}
        return Desk(servers=known, live={}, hosts={"h1": host("h1", "one"), "h2": host("h2", "two")})

    def admit(self, made: Gate, *reports: Report, user: str = "", desk: Desk | None = None) -> list[Report]:
        with self.store.read() as tx:
            return made.admit(tx, [Heard(report, user) for report in reports], desk or self.desk())


@pytest.fixture
def fleet(sqlite_store: Store) -> Fleet:
    with sqlite_store.tx() as tx:
        for id_, name in (("h1", "one"), ("h2", "two")):
            hosts.add(tx, host(id_, name))
    return Fleet(sqlite_store)


def refused(fleet: Fleet, made: Gate, report: Report, **more: Any) -> str:
    """Give the one kind that a report is counted under."""
    assert fleet.admit(made, report, **more) == []
    ((kind, name),) = made.refusals.counts
    assert (name, made.refusals.counts[kind, name]) == (report.event.host, 1)
    return kind


@pytest.mark.parametrize("kind", ["power", "settled", "failed", "stale", "answer"])
def test_a_host_is_believed_about_its_own_servers(fleet: Fleet, kind: str) -> None:
    report = about("mine", kind)
    assert fleet.admit(made := gate(), beat(), report) == [beat(), report]
    assert made.refusals.counts == {}


@pytest.mark.parametrize("other", ["theirs", "nowhere", "unknown"])
@pytest.mark.parametrize("kind", ["power", "settled", "failed", "stale", "answer"])
def test_it_is_not_about_others(fleet: Fleet, kind: str, other: str) -> None:
    assert refused(fleet, gate(), about(other, kind)) == "not-its-server"


@pytest.mark.parametrize(("kind", "outcome"), [(k, "ahead") for k in ("power", "settled", "failed", "stale")])
def test_nor_about_what_nobody_wished_yet(fleet: Fleet, kind: str, outcome: str) -> None:
    assert refused(fleet, gate(), about("mine", kind, generation=3)) == outcome


def test_an_answer_names_no_generation(fleet: Fleet) -> None:
    assert fleet.admit(gate(), about("mine", "answer", generation=9))


@pytest.mark.parametrize("epoch", [0, 2, 4])
def test_another_epoch_than_the_present_one_is_dropped(fleet: Fleet, epoch: int) -> None:
    assert refused(fleet, gate(), beat(epoch=epoch)) == "old-epoch"


def test_a_host_that_was_never_enrolled_is_heard_only_where_all_are(fleet: Fleet) -> None:
    assert refused(fleet, gate(BY_HAND), hello(host="h9")) == "unknown-host"
    assert fleet.admit(gate(OPEN), hello(host="h9"))
    assert refused(fleet, gate(OPEN), beat("h9")) == "unknown-host"


def test_a_host_without_a_credential_is_whoever_it_says(fleet: Fleet) -> None:
    assert fleet.admit(gate(), hello("another name"))


# ---- hellos against credentials ----------------------------------------------------------------------------
def test_the_newest_key_that_a_hello_names_is_noted(fleet: Fleet) -> None:
    fleet.credential(OLD)
    fleet.credential(NEW)
    made = gate()
    for named, noted in (((OLD,), OLD), ((OLD, NEW), NEW), ((NEW, OLD, "other"), NEW)):
        desk = fleet.desk()
        assert fleet.admit(made, hello(keys=named), desk=desk)
        assert desk.keys == {"h1": noted}


@pytest.mark.parametrize(("name", "keys"), [("one", ()), ("one", ("another",)), ("two", (OLD,)), ("new", (OLD,))])
def test_a_hello_must_have_a_key_and_the_name_it_was_enrolled_with(
    fleet: Fleet, name: str, keys: tuple[str, ...]
) -> None:
    fleet.credential(OLD)
    desk = fleet.desk()
    assert refused(fleet, gate(), hello(name, keys), desk=desk) == "refused-host"
    assert desk.keys == {}


# ---- the broker's word -------------------------------------------------------------------------------------
@pytest.mark.parametrize("user", ["", "u-h2", "guest"])
@pytest.mark.parametrize("report", [beat(), hello(keys=(OLD,)), about("mine", "settled")], ids=["beat", "hello", "its"])
def test_only_a_hosts_own_users_are_heard(fleet: Fleet, report: Report, user: str) -> None:
    fleet.credential(OLD, "u-h1")
    fleet.credential("key-of-h2", "u-h2", of="h2")
    made = gate()
    assert refused(fleet, made, report, user=user) == "wrong-sender"
    assert fleet.admit(made, report, user="u-h1") == [report]


def test_a_user_that_came_meanwhile_is_looked_for(fleet: Fleet) -> None:
    fleet.credential(OLD, "u-1")
    made = gate()
    assert fleet.admit(made, beat(), user="u-1")
    fleet.credential(NEW, "u-2")
    assert fleet.admit(made, beat(), user="u-2")
    assert fleet.admit(made, beat(), user="u-1"), "both are valid while one takes the other's place"


def test_a_user_that_was_shut_out_is_heard_no_more_after_a_hello(fleet: Fleet) -> None:
    fleet.credential(OLD, "u-1")
    made = gate()
    assert fleet.admit(made, beat(), user="u-1")
    with fleet.store.tx() as tx:
        tx.remove(CREDENTIALS.table, [{"id": OLD}])
    fleet.credential(NEW, "u-2")
    assert fleet.admit(made, hello(keys=(NEW,)), user="u-2")
    assert fleet.admit(made, beat(), user="u-1") == []
    assert made.refusals.counts == {("wrong-sender", "h1"): 1}


def test_known_hosts_cost_no_query(fleet: Fleet) -> None:
    made = gate()
    assert fleet.admit(made, beat(), about("mine"))
    statements: list[str] = []
    with fleet.store.read() as tx:
        tx.rows = lambda *words, **more: statements.append(str(words)) or []  # type: ignore[method-assign,func-returns-value]
        assert made.admit(tx, [Heard(beat(), ""), Heard(about("mine"), "")], fleet.desk())
    assert statements == []


def test_hosts_that_are_made_up_do_not_fill_the_memory(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "HOSTS", 3)
    fleet.credential(OLD, "u-h1")
    made = gate()
    for number in range(20):
        assert fleet.admit(made, beat(f"made-up-{number}"), beat(), user="u-h1") == [beat()]
    assert len(made._rights) <= 5


def test_one_that_is_refused_stops_no_other(fleet: Fleet) -> None:
    fine = [beat(), about("mine")]
    assert fleet.admit(gate(), fine[0], about("theirs"), beat("h9"), fine[1]) == fine
