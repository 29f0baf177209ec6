"""Goals are made of the tables alone."""

from msgspec.structs import replace

from common.states import Power
from controller.workflow import goals
from tests.workflow.scene import Scene


def test_a_server_that_is_to_be_gone_keeps_no_port(scene: Scene) -> None:
    scene.create()
    scene.settle()
    (server,) = scene.servers()
    gone = replace(server, power=Power.GONE)
    with scene.store.read() as tx:
        here = goals.goals(tx, [server], scene.world)[server.id]
        there = goals.goals(tx, [gone], scene.world)[server.id]
    assert (there.power, there.ports) == (Power.GONE, here.ports)
    assert len(there.ports) == 1
