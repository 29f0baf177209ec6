"""Creates and deletes of one batch: each is answered for itself, and what they share is counted once."""

from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from common import errors
from common.model.server import NetworkAsk, Server
from common.states import Power, State
from controller.admission.server_create import CreateServers
from controller.admission.server_delete import DeleteServer
from controller.db import ports, quotas, tables, workflows
from controller.writer import Change
from tests.workflow.scene import IMAGE, NETWORK, PROJECT, Scene

PORT = "0190a000-0000-7000-8000-00000000abcd"


def create(**more: Any) -> CreateServers:
    asked = {"name": "vm", "image_id": IMAGE, "flavor_id": "1", "asks": (NetworkAsk(network_id=NETWORK),)}
    return CreateServers(project_id=PROJECT, user_id="u", **asked | more)


def accept(scene: Scene, *changes: Change[Any]) -> list[Any]:
    with scene.store.tx() as tx:
        return type(changes[0]).accept(tx, changes, scene.world)


def codes(results: list[Any]) -> list[str]:
    return [result.code if isinstance(result, errors.ToftError) else "ok" for result in results]


def used(scene: Scene) -> int:
    with scene.store.read() as tx:
        return quotas.usage(tx, scene.world.settings.quota, PROJECT)["servers"].used


def add_port(scene: Scene) -> None:
    wish = ports.PortWish(network_id=NETWORK, project_id=PROJECT)
    with scene.store.tx() as tx:
        ports.allocate(tx, [wish], now=scene.clock.now(), ids=lambda: PORT, limits=scene.world.settings.quota)


def test_one_that_is_refused_stops_no_other(scene: Scene) -> None:
    results = accept(scene, create(), create(flavor_id="none"), create(key_name="none"), create(name="other"))
    assert codes(results) == ["ok", "bad-request", "bad-request", "ok"]
    assert [s.name for s in scene.servers()] == ["vm", "other"]
    assert used(scene) == 2


def test_all_that_are_admitted_become_active(scene: Scene) -> None:
    accept(scene, *(create(name=f"vm-{n}") for n in range(4)))
    scene.settle()
    assert scene.states() == [State.ACTIVE] * 4


def test_the_quota_lets_the_first_ones_through(scene: Scene) -> None:
    with scene.store.tx() as tx:
        quotas.set_max(tx, scene.world.settings.quota, PROJECT, "servers", 3)
    results = accept(scene, create(), create(min_count=1, max_count=5), create())
    assert codes(results) == ["ok", "ok", "quota-exceeded"]
    assert [len(made) for made in results[:2]] == [1, 2]
    assert used(scene) == 3


def test_a_port_goes_to_the_first_that_asks_for_it(scene: Scene) -> None:
    add_port(scene)
    asks = (NetworkAsk(port_id=PORT),)
    first, second = accept(scene, create(asks=asks), create(asks=asks))
    assert codes([first, second]) == ["ok", "conflict"]
    with scene.store.read() as tx:
        assert ports.get(tx, [PORT])[PORT].device_id == first[0].id


def test_a_port_that_a_refused_one_asked_for_stays_free(scene: Scene) -> None:
    add_port(scene)
    asks = (NetworkAsk(port_id=PORT),)
    assert codes(accept(scene, create(asks=asks, max_count=2, min_count=2), create(asks=asks))) == ["bad-request", "ok"]


def deletion(server: Server, **more: Any) -> DeleteServer:
    return replace(DeleteServer(id=server.id, project_id=PROJECT, request_id="req-1"), **more)


def test_deletes_are_answered_one_by_one_and_begin_once(scene: Scene) -> None:
    (made,), (other,) = accept(scene, create(), create())
    results = accept(
        scene, deletion(made), deletion(made), deletion(other, project_id="foreign"), deletion(made, id="nobody")
    )
    assert codes(results) == ["ok", "ok", "not-found", "not-found"]
    assert codes(accept(scene, deletion(made, project_id=None))) == ["ok"], "once more is harmless"
    with scene.store.read() as tx:
        assert {work.subject: work.kind for work in workflows.live(tx, [made.id, other.id]).values()} == {
            made.id: "server.delete",
            other.id: "server.create",
        }
        (generation, power), (_, other_power) = tx.rows(
            tables.server.select().with_only_columns(tables.server.c.generation, tables.server.c.power).order_by("id")
        )
    assert (generation, power, other_power) == (2, Power.GONE.value, Power.ON.value)


def test_creates_that_may_go_anywhere_read_nothing_of_places(scene: Scene) -> None:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sa.event.listen(scene.store.engine, "before_cursor_execute", listen)
    accept(scene, *(create(name=f"vm-{n}") for n in range(4)))
    sa.event.remove(scene.store.engine, "before_cursor_execute", listen)
    assert said
    assert [text for text in said if "aggregate" in text or "server_group" in text] == []
