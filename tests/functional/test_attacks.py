"""What a host that was taken over can do to others, with its broker user and its key in hand: nothing.

Each row is one attempt: what is tried, and what must come of it. The broker refuses it, or the controller counts it and
drops it; and all that the tables say of the other host and its server is afterwards as it was before.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed

from common import wire
from common.bus.contract import COMMANDS, DEAD, REPORTS, Outgoing
from common.refusals import Refused
from common.states import Power
from controller.db import queries
from tests.functional.intruder import NOW, Agent, Fleet
from tests.services.rabbitmq import RabbitMQ
from tests.services.stores import Stores
from tests.workflow.model_agent import inventory

REFUSED = "the broker refuses"
NO = (AccessRefused, PreconditionFailed, NotAllowed)
"""What the broker says then: 403 of what is not this user's, 406 of another's name, 530 of another virtual host."""

NOTHING = "nothing comes of it"
GONE = wire.Settled(power=Power.GONE)
ON, OFF = wire.PowerSeen(power=Power.ON), wire.PowerSeen(power=Power.OFF)


@dataclass
class Battle:
    """The fleet, the host that was taken over, another one, and a server of each."""

    fleet: Fleet
    evil: Agent
    good: Agent
    mine: str
    theirs: str

    def claim(self, kind: str, body: wire.Message | bytes, **more: Any) -> None:
        """Say something under the good host's key of the exchange."""
        event = self.evil.event(kind, body, host=self.good.id, host_epoch=self.good.epoch, **more)
        self.evil.force(REPORTS, f"host.{self.good.id}.{kind}", wire.pack(event))

    def imply(self, kind: str, body: wire.Message | bytes, **more: Any) -> None:
        """Say something of the good host under one's own key of the exchange."""
        event = self.evil.event(kind, body, host=self.good.id, host_epoch=self.good.epoch, **more)
        self.evil.publish(wire.pack(event), kind)


@pytest.fixture(scope="module")
def battle(managed_rabbitmq: RabbitMQ, tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[Battle]:
    folder = tmp_path_factory.mktemp("battle")
    with stores.sqlite(folder) as store:
        fleet = Fleet(store, folder, managed_rabbitmq)
        evil, good = fleet.enroll("evil"), fleet.enroll("good")
        for agent in (evil, good):
            fleet.welcome(agent)
        yield Battle(fleet, evil, good, fleet.server(evil.id).id, fleet.server(good.id).id)
        for each in (evil, good, fleet):
            each.close()


def own_goal(b: Battle, key: bytes = b"k" * 32) -> bytes:
    return b.fleet.forge(b.theirs, key, host=b.good.id, host_epoch=b.good.epoch)


def consume(b: Battle, queue: str) -> None:
    with b.evil.channel() as channel:
        channel.basic_consume(queue, callback=lambda _m: pytest.fail("it reads others' messages"))


def ask(b: Battle, act: Callable[[Any], Any]) -> None:
    with b.evil.channel() as channel:
        act(channel)


def on_channel(act: Callable[[Any, Battle], Any]) -> Callable[[Battle], None]:
    return lambda b: ask(b, lambda channel: act(channel, b))


def query(b: Battle) -> str:
    """Ask a question about the good host's server, as the API does."""
    id_ = next(b.fleet.numbers)
    with b.fleet.store.tx() as tx:
        queries.add(tx, id_, b.theirs, b.fleet.clock.now(), b.fleet.clock.now())
    return id_


def manage(method: str, path: str, body: Any = None) -> Callable[[Battle], None]:
    def act(b: Battle) -> None:
        target = path.format(good=b.good.user, evil=b.evil.user, vhost=b.fleet.bus._settings.url.rpartition("/")[2])
        assert b.evil.management(method, target, b.fleet.port, body) == 401, "it may not enter the management API"

    return act


def own(kind: str, body: wire.Message | bytes, **more: Any) -> Callable[[Battle], None]:
    """Say something as oneself."""

    def act(b: Battle) -> None:
        words = {name: (getattr(b, value[1:]) if isinstance(value, str) and value[:1] == "@" else value)
                 for name, value in more.items()}  # fmt: skip
        b.evil.say(kind, body, **words)

    return act


def raw(body: bytes, kind: str = "heartbeat") -> Callable[[Battle], None]:
    return lambda b: b.evil.publish(body, kind) and None


def replay_hello(b: Battle) -> None:
    event = b.evil.event("hello", wire.pack(hello(b.evil)), host_epoch=0)
    b.evil.publish(wire.pack(event), "hello")
    b.fleet.answer(b.evil, lambda c: c.verb == "welcome")
    b.evil.publish(wire.pack(event), "hello")
    assert [c.verb for c in b.fleet.hear(b.evil)] == ["lease"], "the same hello is welcomed once"


def hello(agent: Agent, **more: Any) -> wire.Hello:
    said = {"id": "h", "name": agent.name, "boot_id": "b", "version": "1", "features": (), "present": ()}
    return wire.Hello(**{**said, "inventory": inventory(), "keys": agent.seals.names, **more})


def stolen(b: Battle) -> None:
    """Play the controller towards the good host, with commands that were meant for this one."""
    b.fleet.hear(b.evil)
    assert b.evil.heard
    for frame in b.evil.heard:
        with pytest.raises(Refused) as refused:
            b.good.seals.open(frame)
        assert refused.value.kind == "unknown-key"


def swapped(b: Battle) -> None:
    """Sign with one's own key, in the name of the other's."""
    (name,) = b.good.seals.names
    sealed = wire.unpack(own_goal(b, next(iter(b.evil.seals._known.values()))), wire.Sealed)
    frame = wire.pack(wire.Sealed(key=name, signature=sealed.signature, command=sealed.command))
    with pytest.raises(Refused) as refused:
        b.good.seals.open(frame)
    assert refused.value.kind == "forged"


PRESENT = wire.Present(server="x", generation=9, power=Power.OFF, settled=True)
TWO_DEEP = b'{"beat":1,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"

ATTACKS: dict[str, tuple[Callable[[Battle], Any], str]] = {
    # ---- towards other hosts
    "command another host": (lambda b: b.evil.force(COMMANDS, b.good.id, own_goal(b)), REFUSED),
    "command it through the default exchange": (lambda b: b.evil.force("", f"cmd.{b.good.id}", own_goal(b)), REFUSED),
    "command oneself": (lambda b: b.evil.force(COMMANDS, b.evil.id, own_goal(b)), REFUSED),
    "publish to the dead letters": (lambda b: b.evil.force(DEAD, "", b"{}"), REFUSED),
    "publish to the newcomers' exchange": (lambda b: b.evil.force("toft.new", "x", b"{}"), REFUSED),
    "publish to a report queue directly": (lambda b: b.evil.force("", "up.0", b"{}"), REFUSED),
    "publish to amq.topic": (lambda b: b.evil.force("amq.topic", "x", b"{}"), REFUSED),
    "read another's commands": (lambda b: consume(b, f"cmd.{b.good.id}"), REFUSED),
    "get another's commands": (on_channel(lambda c, b: c.basic_get(f"cmd.{b.good.id}")), REFUSED),
    "read the reports": (lambda b: consume(b, "up.0"), REFUSED),
    "read the dead letters": (lambda b: consume(b, DEAD), REFUSED),
    "purge another's commands": (on_channel(lambda c, b: c.queue_purge(f"cmd.{b.good.id}")), REFUSED),
    "purge the reports": (on_channel(lambda c, b: c.queue_purge("up.0")), REFUSED),
    "delete another's queue": (on_channel(lambda c, b: c.queue_delete(f"cmd.{b.good.id}")), REFUSED),
    "delete one's own queue": (on_channel(lambda c, b: c.queue_delete(f"cmd.{b.evil.id}")), REFUSED),
    "declare a queue": (on_channel(lambda c, b: c.queue_declare("mine", durable=True)), REFUSED),
    "declare a queue that the broker names": (on_channel(lambda c, b: c.queue_declare("")), REFUSED),
    "declare an exchange": (on_channel(lambda c, b: c.exchange_declare("mine", "fanout")), REFUSED),
    "delete the exchange of commands": (on_channel(lambda c, b: c.exchange_delete(COMMANDS)), REFUSED),
    "bind one's queue to another's commands": (
        on_channel(lambda c, b: c.queue_bind(f"cmd.{b.evil.id}", COMMANDS, b.good.id)),
        REFUSED,
    ),
    "bind one's queue to the reports": (
        on_channel(lambda c, b: c.queue_bind(f"cmd.{b.evil.id}", REPORTS, "host.#")),
        REFUSED,
    ),
    "bind the reports to the commands": (on_channel(lambda c, b: c.exchange_bind(COMMANDS, REPORTS, "#")), REFUSED),
    "enter another virtual host": (
        lambda b: ask_elsewhere(b),
        REFUSED,
    ),
    "make a user": (manage("PUT", "users/mallory", {"password": "x", "tags": "administrator"}), NOTHING),
    "take all rights": (
        manage("PUT", "permissions/{vhost}/{evil}", {"configure": ".*", "write": ".*", "read": ".*"}),
        NOTHING,
    ),
    "change another's password": (manage("PUT", "users/{good}", {"password": "x", "tags": ""}), NOTHING),
    "list the connections": (manage("GET", "connections"), NOTHING),
    "replay a command to another host": (stolen, NOTHING),
    "sign in another's name": (swapped, NOTHING),
    # ---- in another host's name
    "say hello for another host": (lambda b: b.claim("hello", hello(b.good)), REFUSED),
    "beat for another host": (lambda b: b.claim("heartbeat", wire.Heartbeat(beat=99)), REFUSED),
    "settle for another host": (lambda b: b.claim("settled", GONE, server=b.theirs, generation=2), REFUSED),
    "be another user": (
        lambda b: b.evil.force(REPORTS, f"host.{b.evil.id}.usage", b"{}", user_id=b.good.user),
        REFUSED,
    ),
    "hide the user": (
        lambda b: b.evil.force(
            REPORTS,
            f"host.{b.evil.id}.usage",
            wire.pack(b.evil.event("usage", b'{"cpu_percent":1,"memory_used_mib":1,"disk_free_gib":1}')),
        ),
        "wrong-sender",
    ),
    "hello for another under one's own key": (lambda b: b.imply("hello", hello(b.good)), "wrong-sender"),
    "settle for another under one's own key": (
        lambda b: b.imply("settled", GONE, server=b.theirs, generation=2),
        "wrong-sender",
    ),
    "another kind than the key says": (
        lambda b: b.evil.publish(wire.pack(b.evil.event("heartbeat", wire.Heartbeat(beat=1))), "usage"),
        "wrong-sender",
    ),
    "take another host's name": (
        lambda b: b.evil.say("hello", hello(b.evil, name=b.good.name), host_epoch=0),
        "refused-host",
    ),
    "take a new name": (lambda b: b.evil.say("hello", hello(b.evil, name="boss"), host_epoch=0), "refused-host"),
    "say hello without a key": (lambda b: b.evil.say("hello", hello(b.evil, keys=()), host_epoch=0), "refused-host"),
    "say hello with another's key": (
        lambda b: b.evil.say("hello", hello(b.evil, keys=b.good.seals.names), host_epoch=0),
        "refused-host",
    ),
    # ---- about others' servers
    "another's server is gone": (own("settled", GONE, server="@theirs", generation=2), "not-its-server"),
    "another's server failed": (
        own("failed", wire.Failed(code="x", reason="x"), server="@theirs", generation=2),
        "not-its-server",
    ),
    "another's server is off": (own("power", OFF, server="@theirs", generation=2), "not-its-server"),
    "another's goal was stale": (
        own("stale", wire.Stale(command="c", host_epoch=1), server="@theirs", generation=2),
        "not-its-server",
    ),
    "a server that there is not": (own("power", OFF, server="nobody", generation=2), "not-its-server"),
    "have another's server": (
        lambda b: b.evil.say(
            "states", wire.States(present=(wire.Present(server=b.theirs, generation=2, power=Power.OFF, settled=True),))
        ),
        NOTHING,
    ),
    "have another's server, at hello": (
        lambda b: b.evil.greet(present=(wire.Present(server=b.theirs, generation=99, power=Power.OFF, settled=True),)),
        NOTHING,
    ),
    "answer for another's server": (
        lambda b: b.evil.say("answer", wire.Answer(query=query(b), text="rm -rf"), server=b.mine),
        "not-its-server",
    ),
    "answer a question that nobody asked": (
        lambda b: b.evil.say("answer", wire.Answer(query="none", text="x"), server=b.mine),
        NOTHING,
    ),
    # ---- at another time
    "settle what is wished later": (own("settled", GONE, server="@mine", generation=3), "ahead"),
    "fail what is wished later": (
        own("failed", wire.Failed(code="x", reason="x"), server="@mine", generation=999),
        "ahead",
    ),
    "an old epoch": (lambda b: b.evil.say("settled", GONE, server=b.mine, generation=2, host_epoch=0), "old-epoch"),
    "an epoch to come": (lambda b: b.evil.say("power", ON, server=b.mine, generation=2, host_epoch=99), "old-epoch"),
    "the same hello again": (replay_hello, NOTHING),
    # ---- shapes
    "no JSON": (raw(b"\xff\xfe"), "malformed"),
    "nothing": (raw(b""), "malformed"),
    "a huge message": (raw(b'{"id":"' + b"x" * (wire.LIMIT + 1) + b'"}'), "malformed"),
    "deep JSON": (own("heartbeat", TWO_DEEP), "malformed"),
    "a generation of a hundred digits": (
        lambda b: raw(
            wire.pack(b.evil.event("power", ON, server=b.mine)).replace(
                b'"at"', b'"generation":' + b"9" * 100 + b',"at"'
            ),
            "power",
        )(b),
        "malformed",
    ),
    "a generation beyond a column": (own("power", ON, server="@mine", generation=1 << 31), "malformed"),
    "a negative generation": (own("power", ON, server="@mine", generation=-1), "malformed"),
    "an infinite number": (own("usage", b'{"cpu_percent":1e999,"memory_used_mib":1,"disk_free_gib":1}'), "malformed"),
    "memory beyond counting": (
        own("usage", b'{"cpu_percent":1,"memory_used_mib":9e30,"disk_free_gib":1}'),
        "malformed",
    ),
    "a time of no zone": (
        lambda b: raw(wire.pack(b.evil.event("heartbeat", wire.Heartbeat(beat=1))).replace(b'Z"', b'"'))(b),
        "malformed",
    ),
    "a NUL in a text": (own("failed", b'{"code":"x","reason":"\\u0000"}', server="@mine", generation=2), "malformed"),
    "half a surrogate": (own("failed", b'{"code":"\\ud800","reason":"x"}', server="@mine", generation=2), "malformed"),
    "an id of a megabyte's part": (own("power", ON, server="@mine", generation=2, id="i" * 5000), "malformed"),
    "a kind that there is not": (raw(b'{"kind":"reboot"}', "reboot"), "malformed"),
    "a list without end": (own("states", wire.States(present=(PRESENT,) * (wire.ENTRIES + 1))), "malformed"),
}


def ask_elsewhere(b: Battle) -> None:
    with b.evil.channel(vhost="%2F"):
        pytest.fail("it is inside")


@pytest.mark.parametrize("name", ATTACKS)
def test_none_of_them_works(battle: Battle, name: str) -> None:
    act, outcome = ATTACKS[name]
    fleet = battle.fleet
    before = fleet.rows(battle.good.id, battle.theirs)
    counts = fleet.gate.refusals.counts.copy()
    with pytest.raises(NO) if outcome == REFUSED else nullcontext():
        act(battle)
    fleet.hear(battle.evil)
    new = fleet.gate.refusals.counts - counts
    assert sorted({kind for kind, _ in new}) == ([] if outcome in (REFUSED, NOTHING) else [outcome])
    assert without_questions(fleet.rows(battle.good.id, battle.theirs)) == without_questions(before)
    assert [c.verb for c in fleet.hear(battle.good)] == ["lease"], "nothing else reached the other host"
    fleet.clock.advance(5.0)  # no row's messages count for the next one's


def without_questions(rows: list[Any]) -> list[Any]:
    """Leave out that a question was asked, not what was answered to it."""
    return [*rows[:-1], [row for row in rows[-1] if "rm -rf" in row]]


def test_there_are_thirty_at_least() -> None:
    assert len(ATTACKS) >= 30
    assert sum(outcome == REFUSED for _, outcome in ATTACKS.values()) >= 25


def test_the_host_itself_is_still_believed(battle: Battle) -> None:
    battle.fleet.welcome(battle.evil)
    battle.evil.say("power", OFF, server=battle.mine, generation=2)
    battle.fleet.hear(battle.evil)
    (row,) = battle.fleet.rows(battle.evil.id, battle.mine)[1]
    assert "SHUTOFF" in row


def test_a_flood_is_dropped_unread_and_its_host_loses_its_voice(battle: Battle) -> None:
    fleet, evil = battle.fleet, battle.evil
    fleet.clock.advance(60.0)
    beat = wire.pack(evil.event("heartbeat", wire.Heartbeat(beat=1)))
    for _ in range(6):
        for _ in range(100):
            evil.publish(beat, "heartbeat")
        fleet.turns(idle=1)
    assert fleet.gate.refusals.of("over-rate") >= 100
    before = fleet.rows(battle.good.id, battle.theirs)
    fleet.warden.turn()
    with pytest.raises(AccessRefused):
        evil.force(REPORTS, f"host.{evil.id}.heartbeat", beat)
    assert shown(fleet, evil)["muted_at"]
    assert fleet.rows(battle.good.id, battle.theirs) == before
    assert [c.verb for c in fleet.hear(battle.good)] == ["lease"], "others are heard meanwhile"
    fleet.clock.advance(61.0)
    fleet.warden.turn()
    assert shown(fleet, evil)["muted_at"] is None
    evil.close()
    evil.connect()
    evil.force(REPORTS, f"host.{evil.id}.heartbeat", beat, user_id=evil.user)


def shown(fleet: Fleet, agent: Agent) -> Any:
    return fleet.api.call("GET", f"/toft/v1/hosts/{agent.name}", user="admin").json["host"]


def test_a_lie_about_capacity_is_held_until_an_operator_believes_it(battle: Battle) -> None:
    fleet, evil = battle.fleet, battle.evil
    fleet.welcome(evil)
    evil.say("inventory", inventory(memory_mib=65536 * 100))
    fleet.hear(evil)
    assert shown(fleet, evil)["held"] == {"MEMORY_MB": 6553600}
    assert shown(fleet, evil)["has"]["MEMORY_MB"]["capacity"] == 65536
    assert shown(fleet, evil)["closed"] is None
    answer = fleet.api.call("POST", "/toft/v1/hosts/evil/approve", user="admin", json={})
    assert answer.status_code == 200, answer.text
    assert shown(fleet, evil)["has"]["MEMORY_MB"]["capacity"] == 6553600
    assert shown(fleet, evil)["held"] is None
    assert fleet.api.call("POST", "/toft/v1/hosts/evil/approve", user="admin", json={}).status_code == 409


def test_a_host_that_was_never_enrolled_is_dropped(battle: Battle) -> None:
    fleet = battle.fleet
    strangers_id = next(fleet.numbers)
    event = battle.evil.event("hello", hello(battle.evil), host=strangers_id, host_epoch=0, at=NOW)
    fleet.relay_bus.publish([Outgoing(REPORTS, f"host.{strangers_id}.hello", wire.pack(event))])
    fleet.turns()
    assert fleet.gate.refusals.counts["unknown-host", strangers_id] == 1


def test_two_keys_are_valid_while_one_takes_the_others_place(battle: Battle) -> None:
    fleet = battle.fleet
    old = fleet.enroll("turning")
    fleet.welcome(old)
    answer = fleet.api.call("POST", "/toft/v1/hosts/turning/rotate", user="admin", json={})
    new = fleet.agent(answer.json["settings"])
    assert [c.verb for c in fleet.hear(old)] == ["lease"]
    old.consumer.close()
    fleet.welcome(new)
    fleet.clock.advance(fleet.api.services.settings.bus.grace_seconds + 1)
    fleet.warden.turn()
    assert [c["in_use"] for c in shown(fleet, new)["credentials"]] == [True]
    with pytest.raises(AccessRefused):
        old.force(REPORTS, f"host.{old.id}.heartbeat")
    assert [c.verb for c in fleet.hear(new)] == ["lease"]
    answer = fleet.api.call("POST", "/toft/v1/hosts/turning/rotate", user="admin", json={"retire": True})
    with pytest.raises(AccessRefused):
        new.force(REPORTS, f"host.{new.id}.heartbeat")
    newest = fleet.agent(answer.json["settings"])
    newest.force(REPORTS, f"host.{new.id}.heartbeat", user_id=newest.user)
    newest.close()
    old.close()
    new.close()


def test_a_host_goes_with_its_user_and_queue_once_no_server_lives_there(battle: Battle) -> None:
    fleet = battle.fleet
    leaving = fleet.enroll("leaving")
    fleet.welcome(leaving)
    refused = fleet.api.call("DELETE", "/toft/v1/hosts/good", user="admin")
    assert (refused.status_code, refused.json["error"]["message"]) == (
        409,
        "1 server lives on host good: delete or move them first",
    )
    leaving.consumer.close()
    assert fleet.api.call("DELETE", "/toft/v1/hosts/leaving", user="admin").status_code == 204
    assert fleet.api.call("GET", "/toft/v1/hosts/leaving", user="admin").status_code == 404
    with pytest.raises(AccessRefused):
        leaving.force(REPORTS, f"host.{leaving.id}.heartbeat")
    leaving.close()
