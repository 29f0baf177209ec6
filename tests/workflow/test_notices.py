"""What the world outside is told of servers and hosts: under Nova's names, in order, and no secret."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.settings import Notifications, Settings
from common.states import State
from controller.admission.aggregates import AddHost, CreateAggregate
from controller.admission.server_hints import Where
from controller.admission.services import EnableHost
from controller.db import notifications, tables
from controller.db.engine import Store
from controller.workflow.crier import message
from tests.doubles.writer import DirectWriter
from tests.services.stores import Stores
from tests.workflow.scene import HOSTS, Scene

SECRETS = ("IyEvYmluL3No", "ssh-rsa AAAA")


def told(store: Store) -> list[dict[str, Any]]:
    """Give the messages, in the order in which they would be published, and forget them."""
    with store.tx() as tx:
        rows = notifications.NOTIFICATIONS.read(tx, notifications.NOTIFICATIONS.select().order_by("created_at", "id"))
        notifications.drop(tx, [row.id for row in rows])
    return [message(row) for row in rows]


def events(store: Store) -> list[str]:
    return [m["event_type"].removeprefix("instance.") for m in told(store)]


@pytest.fixture
def scene(stores: Stores, tmp_path: Path) -> Iterator[Scene]:
    with stores.sqlite(tmp_path) as store:
        made = Scene(store, settings=Settings(notifications=Notifications(enabled=True)))
        made.furnish()
        assert events(store) == ["service.update", "service.update"]
        yield made


def test_the_whole_life_of_a_server_is_told(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    assert events(scene.store) == ["create.start", "create.end"]
    for verb, name in (("stop", "power_off"), ("start", "power_on"), ("soft reboot", "reboot")):
        scene.act(verb, server.id)  # type: ignore[arg-type]
        scene.settle()
        assert events(scene.store) == [f"{name}.start", f"{name}.end"]
    scene.delete(server.id)
    scene.settle()
    assert events(scene.store) == ["delete.start", "shutdown.start", "shutdown.end", "delete.end"]


def test_what_is_told_has_novas_form(scene: Scene) -> None:
    (server,) = scene.create()
    scene.settle()
    begun, ended = told(scene.store)
    host = HOSTS.index(scene.servers()[0].host_id or "")
    assert (ended["publisher_id"], ended["priority"]) == (f"nova-compute:host-{host}", "INFO")
    assert (begun["payload"]["nova_object.name"], begun["payload"]["nova_object.namespace"]) == (
        "InstanceCreatePayload",
        "nova",
    )
    before, after = (m["payload"]["nova_object.data"] for m in (begun, ended))
    assert (before["state"], before["task_state"], before["power_state"]) == ("building", "spawning", "pending")
    assert (after["state"], after["task_state"], after["power_state"]) == ("active", None, "running")
    assert (after["uuid"], after["host"], after["request_id"]) == (server.id, f"host-{host}", "req-1")
    assert after["flavor"]["nova_object.data"]["memory_mb"] == 256
    (address,) = after["ip_addresses"]
    assert (address["nova_object.name"], address["nova_object.data"]["label"]) == ("IpPayload", "net")
    assert after["launched_at"]
    assert after["fault"] is None


def test_zones_are_told(scene: Scene) -> None:
    writer = DirectWriter(scene.store, scene.world)
    east = writer.submit(CreateAggregate(name="e", zone="east"))
    writer.submit(AddHost(number=east.number, host="host-1"))
    writer.submit(EnableHost(name="host-1", enabled=True))
    scene.create(where=Where(zone="east"))
    scene.settle()
    heard = [message["payload"]["nova_object.data"] for message in told(scene.store)]
    assert [(data["host"], data["availability_zone"]) for data in heard] == [("host-1", "east")] * 3
    for name in ("host-0", "host-1"):
        writer.submit(EnableHost(name=name, enabled=False))
    told(scene.store)
    scene.create(where=Where(zone="east"))
    scene.settle()
    (failed,) = told(scene.store)
    data = failed["payload"]["nova_object.data"]
    assert (data["host"], data["availability_zone"]) == (None, "east")


def test_no_secret_is_told(scene: Scene) -> None:
    (server,) = scene.create(user_data=SECRETS[0])
    with scene.store.tx() as tx:
        tx.change(tables.server, [{"id": server.id, "key_name": "mine", "public_key": SECRETS[1]}])
    scene.settle()
    scene.delete(server.id)
    scene.settle()
    text = json.dumps(told(scene.store))
    assert '"key_name": "mine"' in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_create_that_fails_is_told_with_its_reason(scene: Scene) -> None:
    for name in ("host-0", "host-1"):
        DirectWriter(scene.store, scene.world).submit(EnableHost(name=name, enabled=False, reason="away"))
    closed = told(scene.store)
    assert [m["payload"]["nova_object.data"]["disabled_reason"] for m in closed] == ["away", "away"]
    scene.create()
    scene.settle()
    assert scene.states() == [State.ERROR]
    (failed,) = told(scene.store)
    assert (failed["event_type"], failed["priority"]) == ("instance.create.error", "ERROR")
    assert failed["publisher_id"].startswith("nova-api:")
    fault = failed["payload"]["nova_object.data"]["fault"]["nova_object.data"]
    assert (fault["exception"], fault["traceback"]) == ("no-valid-host", "")


def test_a_host_that_falls_silent_is_told(scene: Scene) -> None:
    scene.clock.advance(1000)
    scene.watch.turn()
    assert events(scene.store) == ["service.update", "service.update"]


def test_nothing_is_written_where_nobody_wants_to_know(store: Store) -> None:
    made = Scene(store)
    made.furnish()
    made.create()
    made.settle()
    assert told(store) == []
