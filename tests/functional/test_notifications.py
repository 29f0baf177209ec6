"""Notifications through a real RabbitMQ to a real listener of oslo.messaging."""

import queue
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from oslo_config import cfg

from common import errors, settings
from common.bus.memory import MemoryBus
from common.clock import SystemClock
from controller.db import hosts
from controller.notifier import OsloNotifier
from controller.service import ControllerService
from controller.workflow import notices
from tests.services.clouds import add_host
from tests.services.ports import free_ports
from tests.services.rabbitmq import RabbitMQ

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oslo_messaging

PATIENCE = 60


class Heard:
    """An endpoint, as consumers write them."""

    def __init__(self) -> None:
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()

    def info(self, ctxt: Any, publisher_id: str, event_type: str, payload: Any, metadata: Any) -> None:
        self.messages.put({"from": publisher_id, "event": event_type, "payload": payload, **metadata})

    error = info


def chosen(url: str) -> settings.Settings:
    wanted = settings.Notifications(enabled=True, url=url.replace("amqp", "rabbit", 1))
    return settings.Settings(notifications=wanted)


@pytest.fixture
def url(rabbitmq: RabbitMQ) -> str:
    return rabbitmq.fresh_url()


@pytest.fixture
def listening(url: str) -> Iterator[Heard]:
    """Listen as a consumer does that knows nothing of Toft."""
    conf = cfg.ConfigOpts()
    conf([], project="listener", default_config_files=[], default_config_dirs=[])
    transport = oslo_messaging.get_notification_transport(conf, url=url.replace("amqp", "rabbit", 1))
    conf.set_override("rabbit_quorum_queue", True, group="oslo_messaging_rabbit")
    heard = Heard()
    target = oslo_messaging.Target(topic="versioned_notifications")
    listener = oslo_messaging.get_notification_listener(transport, [target], [heard], executor="threading")
    listener.start()
    yield heard
    listener.stop()
    listener.wait()
    transport.cleanup()


def said(number: int, priority: str = "INFO") -> dict[str, Any]:
    return {
        "message_id": f"id-{number}",
        "event_type": "instance.create.start",
        "timestamp": "2026-01-01 00:00:00.000000",
        "publisher_id": "nova-compute:host1",
        "priority": priority,
        "payload": {"nova_object.name": "InstanceCreatePayload", "nova_object.data": {"number": number}},
    }


@pytest.mark.filterwarnings("ignore")
def test_a_listener_reads_them_in_order(url: str, listening: Heard) -> None:
    notifier = OsloNotifier(chosen(url))
    for number in range(20):
        notifier.publish(said(number))
    read = [listening.messages.get(timeout=PATIENCE) for _ in range(20)]
    assert [m["payload"]["nova_object.data"]["number"] for m in read] == list(range(20))
    assert (read[0]["from"], read[0]["event"], read[0]["message_id"]) == (
        "nova-compute:host1",
        "instance.create.start",
        "id-0",
    )
    notifier.publish(said(99, "ERROR"))
    assert listening.messages.get(timeout=PATIENCE)["message_id"] == "id-99"
    notifier.close()


@pytest.mark.filterwarnings("ignore")
def test_what_is_published_before_anybody_listens_is_kept(url: str, request: pytest.FixtureRequest) -> None:
    notifier = OsloNotifier(chosen(url))
    notifier.publish(said(1))
    notifier.close()
    heard = request.getfixturevalue("listening")
    assert heard.messages.get(timeout=PATIENCE)["message_id"] == "id-1"


@pytest.mark.filterwarnings("ignore")
def test_a_broker_that_is_away_is_said() -> None:
    notifier = OsloNotifier(chosen("amqp://guest:guest@127.0.0.1:1/"))
    with pytest.raises(errors.BusUnavailable, match="notifications' broker is away"):
        notifier.publish(said(1))
    notifier.close()


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oslo_messaging", None)
    with pytest.raises(errors.SettingsError, match=r"pip install 'toft\[notifications\]'"):
        OsloNotifier(chosen("amqp://guest:guest@127.0.0.1:1/"))


def test_an_embedded_cloud_has_no_broker_to_publish_to() -> None:
    with pytest.raises(errors.SettingsError, match="need a broker"):
        OsloNotifier(settings.Settings())


@pytest.mark.filterwarnings("ignore")
def test_a_controller_publishes_what_its_steps_wrote(url: str, listening: Heard, tmp_path: Path) -> None:
    """Also what one wrote that was killed before it published."""
    wanted = msgspec.structs.replace(
        chosen(url),
        state=settings.State(path=str(tmp_path)),
        api=settings.Api(port=free_ports(1)[0]),
        controller=settings.Controller(poll_seconds=0.1),
    )
    killed = ControllerService(wanted, MemoryBus(), SystemClock())
    with killed.parts.store.tx() as tx:
        add_host(tx, killed.parts.world.clock, "host1")
        notices.tell_of_hosts(tx, killed.parts.world, hosts.listing(tx))
    killed.stop()
    assert listening.messages.empty()
    service = ControllerService(wanted, MemoryBus(), SystemClock())
    service.start()
    said = listening.messages.get(timeout=PATIENCE)
    service.stop()
    assert (said["event"], said["from"]) == ("service.update", "nova-compute:host1")
    assert said["payload"]["nova_object.name"] == "ServiceStatusPayload"
