"""What the controller makes of heartbeats, hellos and lists: who is deaf, outlived, degraded; what is quarantined."""

from datetime import datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from common import wire
from common.model.host import HostState
from common.states import Power, State
from controller.db import hosts, servers, tables
from controller.workflow.liveness import MOMENT
from tests.workflow.model_agent import Memory, ModelAgent
from tests.workflow.scene import HOSTS, Scene


def host(scene: Scene) -> tuple[HostState, str | None, int]:
    c = tables.host.c
    with scene.store.read() as tx:
        ((state, degraded, epoch),) = tx.rows(sa.select(c.state, c.degraded, c.epoch).where(c.id == HOSTS[0]))
    return HostState(state), degraded, epoch


def leased(scene: Scene) -> datetime:
    with scene.store.read() as tx:
        return hosts.get(tx, [HOSTS[0]])[HOSTS[0]].lease_until


def beat(scene: Scene, **more: object) -> None:
    agent = scene.agents[0]
    agent.beat += 1
    agent.say("heartbeat", wire.Heartbeat(beat=agent.beat, **more))  # type: ignore[arg-type]
    take_in(scene)


def take_in(scene: Scene) -> None:
    while scene.inbox and scene.inbox.turn():
        scene.relay.turn()
    scene.relay.turn()


def say_hello(scene: Scene, **more: object) -> None:
    agent = scene.agents[0]
    agent.hello_id = scene.ids()
    agent.say("hello", msgspec.structs.replace(agent.hello(), **more))
    take_in(scene)
    agent.turn()


def test_a_host_that_no_answer_reaches_is_deaf_though_its_heartbeats_come(scene: Scene) -> None:
    for _ in range(5):
        scene.clock.advance(15)
        beat(scene, answered=0)
        scene.watch.turn()
    scene.clock.advance(45)
    beat(scene, answered=0)
    scene.watch.turn()
    assert host(scene)[0] is HostState.DEAF
    beat(scene, answered=scene.agents[0].beat)
    assert host(scene)[0] is HostState.UP


def test_an_answer_gives_a_deaf_host_no_longer_lease_than_the_tables_do(scene: Scene) -> None:
    """It may arrive after all: what the tables show is what others go by."""
    agent = scene.agents[0]
    until = []
    for _ in range(9):
        scene.clock.advance(15)
        beat(scene, answered=0)
        until.append(leased(scene))
    agent.turn()
    given = [(lease.at + timedelta(seconds=lease.lease_seconds), lease.lease_seconds) for lease in agent.leases]
    assert until[2] == until[-1]
    assert [end for end, _ in given[:6]] == until[:6]
    assert {seconds for _, seconds in given[6:]} == {MOMENT}, "0 would say that another process speaks for it"


def test_a_hello_after_unanswered_ones_makes_no_host_up(scene: Scene) -> None:
    say_hello(scene, unanswered=1)
    assert host(scene)[0] is HostState.DEAF
    beat(scene, answered=0)
    assert host(scene)[0] is HostState.UP


def test_what_hangs_makes_a_host_degraded_until_it_comes_back(scene: Scene) -> None:
    beat(scene, stuck={"server:1": "shutdown has not come back for 10 s"})
    assert host(scene)[1] == "server:1: shutdown has not come back for 10 s"
    say_hello(scene)
    assert host(scene)[1] is not None
    beat(scene)
    assert host(scene)[1] is None


def test_a_heartbeat_of_an_old_epoch_is_answered_as_such(scene: Scene) -> None:
    older = scene.agents[0].epoch
    say_hello(scene)
    newer, scene.agents[0].epoch = scene.agents[0].epoch, older
    beat(scene)
    scene.agents[0].turn()
    assert (older, newer) == (newer - 1, older + 1)
    assert [lease.lease_seconds for lease in scene.agents[0].leases][-1] == 0


def test_a_process_that_another_has_followed_is_not_let_in(scene: Scene) -> None:
    say_hello(scene, began=50.0)
    epoch = host(scene)[2]
    say_hello(scene, began=20.0)
    assert host(scene)[2] == epoch
    say_hello(scene, began=50.0)
    say_hello(scene, began=1.0, boot_id="boot-2")
    assert host(scene)[2] == epoch + 2


def reasons(scene: Scene) -> dict[str, str]:
    c = tables.stranger.c
    with scene.store.read() as tx:
        return dict(tx.rows(sa.select(c.domain, c.reason).where(c.host_id == HOSTS[0])))


@pytest.mark.parametrize("kind", ["states", "hello"])
def test_domains_that_are_none_of_ours_are_shown_with_the_reason(scene: Scene, kind: str) -> None:
    (server,) = scene.create()
    scene.settle()
    (home,) = {s.host_id for s in scene.servers()}
    with scene.store.tx() as tx:  # the tables are older than the host, or it was moved
        servers.save(tx, [msgspec.structs.replace(s, host_id=HOSTS[1]) for s in scene.servers()])
    seen = tuple(
        wire.Present(server=one, generation=1, power=power, settled=True)
        for one, power in ((server.id, Power.ON), ("lost", Power.ON), ("gone", Power.GONE))
    )
    more = {
        "present": seen,
        "strangers": ("foreign", "copy"),
        "copies": {"copy": server.id},
        "leftovers": ("files",),
    }
    if kind == "states":
        scene.agents[0].say("states", wire.States(**more))  # type: ignore[arg-type]
        take_in(scene)
    else:
        say_hello(scene, **more)
    assert home in HOSTS
    assert reasons(scene) == {
        server.id: f"its server is on host {HOSTS[1]}",
        "lost": "it has the mark of a server that is not in the database",
        "foreign": "Toft did not make it",
        "copy": f"a copy of server {server.id}",
        "files": "files of a server that is not known here",
    }


def test_files_of_a_server_that_is_to_be_there_are_not_shown(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    home = next(agent for agent in scene.agents if server.id in agent.memory.domains)
    home.say("states", wire.States(present=(), leftovers=(server.id, "files")))
    take_in(scene)
    with scene.store.read() as tx:
        assert [domain for (domain,) in tx.rows(sa.select(tables.stranger.c.domain))] == ["files"]


class TestWishes:
    @pytest.fixture
    def server(self, scene: Scene) -> str:
        (server,) = scene.create()
        scene.settle()
        return server.id

    def now(self, scene: Scene) -> tuple[State, Power, int, str]:
        (server,) = scene.servers()
        return server.state, server.power, server.generation, server.fault.code if server.fault else ""

    def home(self, scene: Scene, server: str) -> ModelAgent:
        return next(agent for agent in scene.agents if server in agent.memory.domains)

    def test_an_action_that_failed_is_taken_back(self, scene: Scene, server: str) -> None:
        agent = self.home(scene, server)
        agent.refuses.add(server)
        scene.act("stop", server)
        scene.settle()
        assert self.now(scene) == (State.ERROR, Power.ON, 3, "hypervisor")
        agent.refuses.clear()
        agent.say("states", wire.States(present=agent.present()))
        scene.settle()
        assert agent.memory.goals[server].power is Power.ON
        assert self.now(scene) == (State.ERROR, Power.ON, 3, "hypervisor")

    def test_one_that_was_only_late_ends_where_it_began(self, scene: Scene, server: str) -> None:
        agent = self.home(scene, server)
        away = scene.agents.pop(scene.agents.index(agent))
        away.commands.close()
        scene.act("stop", server)
        scene.settle()
        assert self.now(scene) == (State.ERROR, Power.ON, 3, "deadline")
        scene.agents.append(ModelAgent(scene.bus, away.memory, scene.clock, scene.ids))
        scene.settle()
        assert self.now(scene) == (State.ACTIVE, Power.ON, 3, "")
        assert away.memory.goals[server].power is Power.ON

    def test_a_guest_that_crashes_too_often_is_in_error_and_says_so(self, scene: Scene, server: str) -> None:
        agent = self.home(scene, server)
        agent.say("power", wire.PowerSeen(power=Power.CRASHED, reason="QEMU crashed; left off"), server, 1)
        scene.settle()
        (shown,) = scene.servers()
        assert shown.fault is not None
        assert (shown.fault.message, *self.now(scene)) == (
            "QEMU crashed; left off",
            State.ERROR,
            Power.OFF,
            1,
            "crashed",
        )


def test_every_host_of_a_fleet_that_says_hello_at_once_is_welcomed(scene: Scene) -> None:
    fleet = [Memory(f"00000000-0000-4000-8000-{n:012d}", f"many-{n}") for n in range(300, 420)]
    scene.agents += [ModelAgent(scene.bus, memory, scene.clock, scene.ids) for memory in fleet]
    scene.settle()
    with scene.store.read() as tx:
        assert len(hosts.listing(tx)) == len(fleet) + len(HOSTS)
    assert all(agent.epoch == 1 for agent in scene.agents)
