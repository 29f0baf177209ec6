import subprocess
import sys

import pytest

from common import errors
from common.bus import names, open_bus
from common.bus.amqp import AmqpBus
from common.bus.memory import MemoryBus
from common.settings import Bus


def test_the_url_names_the_bus() -> None:
    assert isinstance(open_bus(Bus()), MemoryBus)
    assert isinstance(open_bus(Bus(url="amqp://u:p@nowhere/v")), AmqpBus)
    assert isinstance(open_bus(Bus(url="amqps://u:p@nowhere/v")), AmqpBus)


@pytest.mark.parametrize("url", ["", "redis://h", "amqp", "memory", "http://h"])
def test_another_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(errors.SettingsError, match="must begin with"):
        open_bus(Bus(url=url))


def test_another_queue_type_is_a_wrong_setting() -> None:
    with pytest.raises(errors.SettingsError, match="quorum or classic"):
        open_bus(Bus(url="amqp://h", queue_type="stream"))


@pytest.mark.parametrize("name", ["report_queues", "delivery_limit", "max_length", "heartbeat"])
def test_a_number_below_one_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(errors.SettingsError, match=name):
        open_bus(Bus(**{name: 0}))


def test_an_embedded_bus_does_without_kombu() -> None:
    code = "import sys; from common.bus import open_bus; from common.settings import Bus; open_bus(Bus()); "
    subprocess.run([sys.executable, "-c", code + "assert 'kombu' not in sys.modules"], check=True)


def test_a_hosts_reports_always_go_to_the_same_queue() -> None:
    hosts = [f"0190a1b2-0000-7000-8000-{n:012x}" for n in range(200)]
    chosen = [names.report_queue(host, 4) for host in hosts]
    assert chosen == [names.report_queue(host, 4) for host in hosts]
    assert set(chosen) == set(names.report_queues(4))


def test_names() -> None:
    assert names.command_queue("h") == "cmd.h"
    assert names.report_key("h", "hello") == "host.h.hello"
