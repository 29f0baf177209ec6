"""A broker that is away for longer than the hosts' leases: what was accepted meanwhile is built when it is back."""

from dataclasses import replace

from common.clock import ManualClock
from common.states import State
from controller.db import tables
from controller.db.engine import Store
from controller.workflow.hearing import GRACE, Hearing
from tests.workflow.scene import Scene


def test_servers_wait_for_hosts_that_cannot_be_heard(sqlite_store: Store) -> None:
    scene = Scene(sqlite_store)
    scene.furnish()
    hearing = Hearing(scene.clock)
    scene.world = replace(scene.world, deaf=hearing.deaf)
    scene.boot()
    agents, scene.agents = scene.agents, []
    scene.clock.advance(1000)
    scene.watch.turn()
    hearing.lose()
    scene.create(2)
    while scene.turn():
        pass
    assert scene.states() == [State.BUILD, State.BUILD]
    scene.agents = agents
    for agent in agents:
        agent.heartbeat()
    scene.settle()
    assert scene.states() == [State.ACTIVE, State.ACTIVE]
    scene.audit()


def test_what_no_host_could_ever_take_does_not_wait_for_them(sqlite_store: Store) -> None:
    scene = Scene(sqlite_store)
    scene.furnish()
    scene.world = replace(scene.world, deaf=lambda: True)
    scene.boot()
    with scene.store.tx() as tx:
        tx.change(tables.flavor, [{"id": "1", "disk_gib": 1 << 20}])
    scene.create()
    while scene.turn():
        pass
    (server,) = scene.servers()
    assert server.state is State.ERROR
    assert "none could take it even when empty" in server.fault.message


def test_silence_says_something_again_after_a_while() -> None:
    clock = ManualClock()
    hearing = Hearing(clock)
    assert not hearing.deaf()
    hearing.lose()
    assert hearing.deaf()
    clock.advance(GRACE)
    assert not hearing.deaf()
