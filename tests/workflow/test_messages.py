"""Outbox, relay, inbox: what is lost, doubled, late or forged on the way."""

import logging
import threading
from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from common import errors, wire
from common.bus.contract import REPORTS, Outgoing
from common.model.host import Host
from common.settings import Controller, Settings
from common.states import Power, State
from controller.answers import Answers
from controller.db import hosts, outbox, queries, servers, tables
from controller.db.engine import Store, Tx
from controller.workflow import relay as relays
from controller.workflow import reports
from tests.workflow.model_agent import Memory, ModelAgent, inventory
from tests.workflow.scene import HOSTS, Scene

STRANGER = "77777777-7777-4777-8777-777777777777"


def host(scene: Scene, id_: str = HOSTS[0]) -> Host:
    with scene.store.read() as tx:
        return hosts.get(tx, [id_])[id_]


def built(scene: Scene) -> ModelAgent:
    """Make one server; gives the agent of its host."""
    scene.create()
    scene.settle()
    (home,) = [agent for agent in scene.agents if agent.memory.domains]
    return home


# ---- relay -------------------------------------------------------------------------------------------------
class Broker:
    """A publisher that refuses what it is told to."""

    def __init__(self) -> None:
        self.sent: list[wire.Command] = []
        self.refuse = self.away = False
        self.ticks = 0

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> list[Outgoing]:
        if self.away:
            raise errors.BusUnavailable
        if self.refuse:
            return list(messages)
        self.sent += [wire.unpack(wire.unpack(m.body, wire.Sealed).command, wire.Command) for m in messages]
        return []

    def tick(self) -> None:
        self.ticks += 1

    def close(self) -> None:
        return None


def relay_of(scene: Scene, broker: Broker) -> relays.Relay:
    return relays.Relay(scene.store, broker, scene.clock, lambda digest, host: f"http://{host}/{digest}")


def test_the_relay_seals_and_signs_what_it_publishes(scene: Scene) -> None:
    (server,) = scene.create()
    scene.runner.turn()
    broker = Broker()
    assert relay_of(scene, broker).turn() == 1
    (command,) = broker.sent
    goal = wire.body_of(command)
    home = host(scene, command.host)
    assert (command.verb, command.server, command.generation) == ("converge", server.id, 1)
    assert (command.host_epoch, command.request_id) == (home.epoch, "req-1")
    assert (command.expires - scene.clock.now()).total_seconds() == scene.settings.controller.command_seconds
    assert goal.image.url == f"http://{home.id}/{'d' * 64}"
    assert scene.count(tables.outbox) == 0
    assert (relay_of(scene, broker).turn(), broker.ticks) == (0, 1)


def test_what_the_broker_refuses_is_tried_later(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.create()
    scene.runner.turn()
    broker = Broker()
    relay = relay_of(scene, broker)
    broker.refuse = True
    relay.turn()
    assert (scene.count(tables.outbox), "has no room" in caplog.text) == (1, True)
    broker.refuse = False
    assert relay.turn() == 0
    scene.clock.advance(relays.RETRY_SECONDS)
    assert relay.turn() == 1
    assert scene.count(tables.outbox) == 0


def test_a_broker_that_is_away_loses_nothing(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()
    broker = Broker()
    broker.away = True
    with pytest.raises(errors.BusUnavailable):
        relay_of(scene, broker).turn()
    assert scene.count(tables.outbox) == 1


def test_an_image_that_nobody_holds_delays_only_its_own_command(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()

    def nobody(_digest: str, _host: str) -> str:
        raise errors.NotFound("no controller holds it")

    broker = Broker()
    relay = relays.Relay(scene.store, broker, scene.clock, nobody)
    relay.post([_lease(scene)])
    assert relay.turn() == 1
    assert [c.verb for c in broker.sent] == ["lease"]
    assert scene.count(tables.outbox) == 1


def _lease(scene: Scene) -> wire.Command:
    now = scene.clock.now()
    body = wire.raw(wire.Lease(beat=1, lease_seconds=60, at=now))
    return wire.Command(id="l", host=HOSTS[0], host_epoch=1, verb="lease", body=body, expires=now)


def test_only_the_newest_goal_of_a_server_waits_in_the_outbox(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()
    (server,) = scene.servers()
    scene.delete(server.id)
    scene.runner.turn()
    with scene.store.tx() as tx:
        assert [d.entry.generation for d in outbox.due(tx, scene.clock.now(), 9)] == [2]


# ---- inbox -------------------------------------------------------------------------------------------------
def test_a_message_that_is_no_event_goes_to_the_dead_letters(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    publisher, dead = scene.bus.publisher(), scene.bus.dead()
    event = wire.Event(
        id="e",
        host=HOSTS[0],
        host_epoch=1,
        seq=1,
        kind="heartbeat",
        body=msgspec.Raw(b'{"beat":1}'),
        at=scene.clock.now(),
    )
    bodies = {
        b"{": f"host.{HOSTS[0]}.heartbeat",
        wire.pack(event): f"host.{HOSTS[1]}.heartbeat",
        wire.pack(replace(event, body=msgspec.Raw(b'{"beat":"x"}'))): f"host.{HOSTS[0]}.heartbeat",
    }
    publisher.publish([Outgoing(REPORTS, key, body) for body, key in bodies.items()])
    while scene.inbox.turn():  # type: ignore[union-attr]
        pass
    assert [d.body for d in dead.receive(0)] == list(bodies)
    assert caplog.text.count("is refused") == 2  # two kinds, each told once


def test_a_batch_that_breaks_is_halved_and_stops_nobody(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for agent in scene.agents:
        for _ in range(8):
            agent.heartbeat()
    agent.say("usage", wire.Usage(cpu_percent=0, memory_used_mib=0, disk_free_gib=0))

    def broken(*_args: object) -> None:
        raise ValueError("a bad row")

    monkeypatch.setitem(reports.HANDLERS, "usage", broken)
    scene.clock.advance(1)
    turns = 0
    while scene.bus.dead().receive(0) == [] and turns < 60:
        scene.inbox.turn()  # type: ignore[union-attr]
        turns += 1
    assert [host(scene, h).heard_at for h in HOSTS] == [scene.clock.now()] * 2
    assert turns < 60


@pytest.mark.parametrize("away", [errors.DatabaseUnavailable, errors.BusUnavailable])
def test_what_could_not_be_written_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, away: type[errors.Unavailable]
) -> None:
    scene.clock.advance(1)
    scene.agents[0].heartbeat()

    def refuse(*_args: object) -> None:
        raise away

    monkeypatch.setitem(reports.HANDLERS, "heartbeat", refuse)
    with pytest.raises(away):
        scene.inbox.turn()  # type: ignore[union-attr]
    monkeypatch.undo()
    assert scene.inbox.turn() == 1  # type: ignore[union-attr]
    assert host(scene).heard_at == scene.clock.now()


def test_old_epochs_and_unknown_hosts_are_not_heard(scene: Scene) -> None:
    before = host(scene).lease_until
    scene.clock.advance(1)
    scene.agents[0].epoch = 0
    scene.agents[0].heartbeat()
    unknown = ModelAgent(scene.bus, Memory(STRANGER, "new"), scene.clock, scene.ids)
    scene.bus.reports().receive(0, 1)
    unknown.heartbeat()
    scene.inbox.turn()  # type: ignore[union-attr]
    assert host(scene).lease_until == before


def test_a_host_may_not_speak_for_anothers_server(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    (other,) = [agent for agent in scene.agents if agent is not home]
    other.say("power", wire.PowerSeen(power=Power.OFF), server.id, 1)
    other.say("settled", wire.Settled(power=Power.OFF), "no-such-server", 1)
    scene.settle()
    assert scene.states() == [State.ACTIVE]


def test_a_doubled_event_counts_once(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    home.say("power", wire.PowerSeen(power=Power.OFF), server.id, 1, id="one")
    scene.settle()
    assert scene.states() == [State.SHUTOFF]
    home.say("power", wire.PowerSeen(power=Power.ON), server.id, 1, id="two")
    scene.settle()
    home.say("power", wire.PowerSeen(power=Power.OFF), server.id, 1, id="one")
    scene.settle()
    assert [(s.state, s.power, s.generation) for s in scene.servers()] == [(State.ACTIVE, Power.ON, 1)]


def test_power_of_an_older_generation_is_passed_over(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    home.say("power", wire.PowerSeen(power=Power.OFF), server.id, 0)
    home.say("power", wire.PowerSeen(power=Power.PAUSED), server.id, 1)
    scene.settle()
    assert [(s.state, s.seen) for s in scene.servers()] == [(State.ACTIVE, Power.PAUSED)]


def test_a_stale_command_is_sent_again_at_once(scene: Scene) -> None:
    scene.create()
    scene.runner.turn()
    agent = next(a for a in scene.agents if a.memory.host == scene.servers()[0].host_id)
    true_epoch, agent.epoch = agent.epoch, agent.epoch + 1
    scene.relay.turn()
    agent.turn()
    agent.epoch = true_epoch
    scene.inbox.turn()  # type: ignore[union-attr]
    agent.say("stale", wire.Stale(command="c", host_epoch=1), scene.servers()[0].id, 1)
    agent.say("stale", wire.Stale(command="lease", host_epoch=1))
    scene.inbox.turn()  # type: ignore[union-attr]
    assert scene.count(tables.outbox) == 1
    scene.settle()
    assert scene.states() == [State.ACTIVE]


def test_reports_of_a_host_are_kept(scene: Scene) -> None:
    agent = scene.agents[0]
    agent.say("inventory", inventory(memory_mib=2048))
    agent.say("usage", wire.Usage(cpu_percent=5, memory_used_mib=6, disk_free_gib=7))
    scene.settle()
    kept = host(scene)
    assert (kept.inventory["memory_mib"], kept.usage["memory_used_mib"]) == (2048, 6)


def test_states_mend_what_differs(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    home.memory.domains.clear()
    del home.memory.goals[server.id]
    home.say("states", wire.States(present=(), strangers=(STRANGER,)))
    scene.settle()
    assert home.memory.domains == {server.id}
    with scene.store.read() as tx:
        assert len(tx.rows(tables.stranger.select())) == 1
    off = wire.Present(server=server.id, generation=1, power=Power.OFF, settled=True)
    home.say("states", wire.States(present=(off,)))
    scene.settle()
    assert (scene.states(), scene.count(tables.stranger)) == ([State.SHUTOFF], 0)


def test_a_lost_guest_that_cannot_come_back_is_an_error(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    home.refuses.add(server.id)
    home.say("states", wire.States(present=()))
    for _ in range(2):
        scene.settle()
        (server,) = scene.servers()
        assert server.fault is not None
        assert (server.state, server.fault.message) == (State.ERROR, "disk is full")
        home.say("failed", wire.Failed(code="hypervisor", reason="again"), server.id, 1)


def test_a_lost_guest_that_came_back_is_seen(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    home.say("settled", wire.Settled(power=Power.OFF), server.id, 1)
    scene.settle()
    assert scene.states() == [State.SHUTOFF]


def test_states_leave_alone_what_is_under_way(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    scene.act("stop", server.id)
    off = wire.Present(server=server.id, generation=2, power=Power.OFF, settled=True)
    unknown = wire.Present(server=STRANGER, generation=1, power=Power.ON)
    home.say("states", wire.States(present=(off, unknown)))
    scene.inbox.turn()  # type: ignore[union-attr]
    assert (scene.states(), scene.count(tables.outbox)) == ([State.ACTIVE], 0)


def test_a_domain_of_a_deleted_server_is_wished_gone(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    scene.delete(server.id)
    scene.settle()
    home.memory.domains.add(server.id)
    home.memory.goals[server.id] = wire.Goal(server=server.id, generation=1, power=Power.ON)
    home.say("states", wire.States(present=home.present()))
    scene.settle()
    assert home.memory.domains == set()


# ---- hello -------------------------------------------------------------------------------------------------
def again(scene: Scene, agent: ModelAgent) -> ModelAgent:
    """Start an agent anew."""
    agent.commands.close()
    scene.agents.remove(agent)
    new = ModelAgent(scene.bus, agent.memory, scene.clock, agent.ids)
    scene.agents.append(new)
    return new


def test_a_hello_raises_the_epoch_and_lists_what_is_wanted(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    new = again(scene, home)
    scene.settle()
    (welcome,) = [w for w in new.welcomes if w.hello == new.hello_id]
    assert welcome.epoch == new.epoch == 2
    assert [(w.server, w.generation, w.power) for w in welcome.wanted] == [(server.id, 1, Power.ON)]
    assert welcome.wanted[0].digest == replace(new.memory.goals[server.id], hardware=server.hardware).digest()
    assert scene.count(tables.outbox) == 0


def test_a_welcome_does_not_wait_for_the_relay_s_next_look(scene: Scene) -> None:
    agent = scene.agents[0]
    agent.say("hello", agent.hello())
    assert scene.inbox is not None
    scene.inbox.turn()
    assert scene.inbox.stirred
    assert scene.count(tables.outbox) == 1


def test_a_hello_gets_back_what_its_host_lost(scene: Scene) -> None:
    home = built(scene)
    home.memory.domains.clear()
    home.memory.goals.clear()
    new = again(scene, home)
    scene.settle()
    assert new.memory.domains == {s.id for s in scene.servers()}


def test_a_doubled_hello_is_one(scene: Scene) -> None:
    agent = scene.agents[0]
    agent.say("hello", agent.hello(), id="h")
    agent.say("hello", agent.hello(), id="h")
    scene.settle()
    agent.say("hello", agent.hello(), id="h")
    scene.settle()
    assert host(scene).epoch == 2


def test_a_host_with_anothers_name_is_refused(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    twin = ModelAgent(scene.bus, Memory(STRANGER, "host-0"), scene.clock, scene.ids)
    scene.agents.append(twin)
    scene.settle()
    assert twin.welcomes == []
    assert f"that name is host {HOSTS[0]}'s" in caplog.text


def test_a_new_host_is_refused_where_enrolment_is_by_hand(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    closed = Scene(store, settings=Settings(controller=Controller(auto_enroll=False)))
    closed.settle()
    assert caplog.text.count("it was never enrolled") == 2
    assert closed.count(tables.host) == 0
    with pytest.raises(errors.BusUnavailable):
        closed.agents[0].commands.receive(0)


def test_a_known_host_comes_back_where_enrolment_is_by_hand(scene: Scene) -> None:
    settings = Settings(controller=Controller(auto_enroll=False))
    closed = Scene(scene.store, settings=settings, memories=(scene.agents[0].memory,))
    closed.settle()
    assert [w.epoch for w in closed.agents[0].welcomes] == [2]


def test_what_operators_set_survives_a_hello(scene: Scene) -> None:
    with scene.store.tx() as tx:
        tx.change(tables.host, [{"id": HOSTS[0], "enabled": False, "disabled_reason": "new disks"}])
    again(scene, scene.agents[0])
    scene.settle()
    assert (host(scene).enabled, host(scene).disabled_reason, host(scene).epoch) == (False, "new disks", 2)


def test_a_server_whose_goal_is_not_complete_is_not_wanted_yet(scene: Scene) -> None:
    (server,) = scene.create()
    with scene.store.tx() as tx:
        servers.save(tx, [replace(server, host_id=HOSTS[0])])
    new = again(scene, scene.agents[0])
    scene.inbox.turn()  # type: ignore[union-attr]
    scene.relay.turn()
    new.turn()
    assert [w.wanted for w in new.welcomes] == [()]


# ---- queries -----------------------------------------------------------------------------------------------
def ask(scene: Scene, server: str, host_id: str) -> None:
    now = scene.clock.now()
    with scene.store.tx() as tx:
        queries.add(tx, "q", server, now, now)
        body = wire.pack(wire.Query(id="q", what="console")).decode()
        entry = outbox.Entry(
            id="q",
            host_id=host_id,
            verb="query",
            body=body,
            server_id=server,
            created_at=now,
            retry_at=now,
            expires_in=9,
        )
        outbox.add(tx, [entry])


def test_a_question_is_answered(scene: Scene) -> None:
    home = built(scene)
    (server,) = scene.servers()
    ask(scene, server.id, home.memory.host)
    answers = Answers(scene.store, scene.clock)
    with pytest.raises(errors.Unavailable):
        answers.wait("q", 0)
    scene.settle()
    answers.wake()
    assert answers.wait("q", 5).text == "login:"


def test_an_answer_is_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.agents.clear()
    found = iter([None, None, wire.Answer(query="q", text="late")])
    monkeypatch.setattr(queries, "answered", lambda _tx, _query: next(found))
    assert Answers(scene.store, scene.clock, poll=0.001).wait("q", 5).text == "late"


def test_a_slow_look_for_an_answer_holds_up_nobody_who_wrote_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(scene.store, scene.clock)
    stuck: list[bool] = []

    def slow(_tx: Tx, query: str) -> wire.Answer:
        inbox = threading.Thread(target=answers.wake, daemon=True)
        inbox.start()
        inbox.join(2)
        stuck.append(inbox.is_alive())
        return wire.Answer(query=query)

    monkeypatch.setattr(queries, "answered", slow)
    answers.wait("q", 5)
    assert stuck == [False]


def test_an_answer_from_elsewhere_is_not_believed(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    home = built(scene)
    (server,) = scene.servers()
    ask(scene, server.id, home.memory.host)
    (other,) = [agent for agent in scene.agents if agent is not home]
    other.say("answer", wire.Answer(query="q", text="forged"))
    other.say("answer", wire.Answer(query="none", text="forged"))
    scene.inbox.turn()  # type: ignore[union-attr]
    with scene.store.read() as tx:
        assert queries.answered(tx, "q") is None
    assert caplog.text == ""
