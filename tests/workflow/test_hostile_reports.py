"""What one host says is its own affair: it uses up nothing of others, and much of it is no trouble."""

import uuid

import pytest

from common import wire
from common.bus.contract import REPORTS, Outgoing
from common.settings import Bus, Settings
from common.states import Power, State
from controller.db import hosts, servers, tables
from controller.db.engine import Store
from controller.db.servers import SERVERS
from tests.workflow.model_agent import Memory, ModelAgent
from tests.workflow.scene import HOSTS, Scene

MANY = 256
"""Reports of one batch, each of another host."""
EACH = 100


def take_in(scene: Scene) -> int:
    """Let the inbox take in all that came; gives how many batches that were."""
    assert scene.inbox is not None
    batches = 0
    while scene.inbox.turn():
        batches += 1
    return batches


def test_an_event_id_that_another_host_used_first_is_still_ones_own(scene: Scene) -> None:
    scene.create()
    scene.settle()
    (server,) = scene.servers()
    (home,) = [agent for agent in scene.agents if agent.memory.host == server.host_id]
    (evil,) = [agent for agent in scene.agents if agent is not home]
    evil.say("stale", wire.Stale(command="c", host_epoch=evil.epoch), id="same")
    take_in(scene)
    for _ in range(2):
        home.say("power", wire.PowerSeen(power=Power.OFF), server.id, server.generation, id="same")
    take_in(scene)
    assert scene.states() == [State.SHUTOFF]
    assert scene.count(tables.inbox) >= 2


@pytest.fixture
def crowd(scene: Scene) -> list[ModelAgent]:
    """So many hosts, all up and under their first epoch."""
    with scene.store.tx() as tx:
        host = hosts.get(tx, [HOSTS[0]])[HOSTS[0]]
        row = hosts.HOSTS.row(host)
        names = [str(uuid.UUID(int=number)) for number in range(1, MANY + 1)]
        tx.put(tables.host, [{**row, "id": id_, "name": id_} for id_ in names])
    made = [ModelAgent(scene.bus, Memory(id_, id_), scene.clock, scene.ids) for id_ in names]
    take_in(scene)  # their hellos
    with scene.store.read() as tx:
        found = hosts.get(tx, names)
    for agent in made:
        agent.epoch = found[agent.memory.host].epoch
    return made


def homes(scene: Scene, crowd: list[ModelAgent]) -> list[str]:
    """Put a server on each of these hosts, which is OFF by its host's own word."""
    (made,) = scene.create()
    with scene.store.tx() as tx:
        row = SERVERS.row(servers.get(tx, [made.id])[made.id])
        row |= {"state": State.ACTIVE.value, "power": Power.ON.value, "task": None, "request_id": ""}
        rows = [{**row, "id": str(uuid.uuid4()), "host_id": agent.memory.host} for agent in crowd]
        tx.put(tables.server, rows)
    return [str(r["id"]) for r in rows]


def test_a_batch_of_long_lists_is_taken_in_at_once(scene: Scene, crowd: list[ModelAgent], store: Store) -> None:
    there = homes(scene, crowd)
    for agent, server in zip(crowd, there, strict=True):
        others = [present(str(uuid.uuid4())) for _ in range(EACH - 1)]
        agent.say("states", wire.States(present=(present(server), *others)))
    assert take_in(scene) == 1, "nothing had to be tried again in halves"
    with store.read() as tx:
        assert {server.state for server in servers.get(tx, there).values()} == {State.SHUTOFF}
        assert sum(hosts.stranger_counts(tx).values()) == MANY * (EACH - 1)


def present(server: str) -> wire.Present:
    return wire.Present(server=server, generation=1, power=Power.OFF, settled=True)


def test_goals_of_a_whole_fleet_are_sent_again_in_one_batch(scene: Scene, crowd: list[ModelAgent]) -> None:
    there, before = homes(scene, crowd), scene.count(tables.outbox)
    for agent in crowd:
        agent.say("states", wire.States(present=()))
    assert take_in(scene) == 1
    assert scene.count(tables.outbox) - before == len(there), "each is missing on its host"


def test_a_list_as_long_as_a_message_may_be_is_one_hosts_own_trouble(scene: Scene) -> None:
    evil, good = scene.agents
    longest = tuple(wire.Present(server=uuid.uuid4().hex, generation=1, power=Power.ON) for _ in range(wire.ENTRIES))
    for _ in range(3):
        evil.say("states", wire.States(present=longest))
    before = len(good.leases)
    good.heartbeat()
    assert take_in(scene) == 1
    scene.relay.turn()
    good.turn()
    assert len(good.leases) == before + 1
    with scene.store.read() as tx:
        assert hosts.stranger_counts(tx) == {evil.memory.host: wire.ENTRIES}


def test_a_message_over_the_limit_is_not_even_parsed(scene: Scene) -> None:
    evil = scene.agents[0]
    key = f"host.{evil.memory.host}.states"
    scene.bus.publisher().publish([Outgoing(REPORTS, key, b'{"id":"' + b"x" * wire.LIMIT + b'"}')])
    take_in(scene)
    assert scene.inbox is not None
    assert scene.inbox.refusals.by_kind(evil.memory.host) == {"malformed": 1}


def test_what_is_over_a_hosts_rate_is_gone_unread_and_others_are_heard(store: Store) -> None:
    scene = Scene(store, settings=Settings(bus=Bus(host_rate=1.0, host_burst=3)))
    scene.settle()
    evil, good = scene.agents
    for _ in range(9):
        evil.heartbeat()
    good.heartbeat()
    take_in(scene)
    scene.relay.turn()
    for agent in scene.agents:
        agent.turn()
    assert [[lease.beat for lease in agent.leases] for agent in scene.agents] == [[2], [1]], (
        "its hello was one of three"
    )
    assert scene.inbox is not None
    assert scene.inbox.refusals.by_kind(evil.memory.host) == {"over-rate": 7}
    scene.boot()
    assert take_in(scene) == 0, "all of it was acked"
    assert scene.bus.dead().receive(0) == []
