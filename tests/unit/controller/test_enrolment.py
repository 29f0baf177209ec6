"""What a host is given: a file that its agent starts with."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from common import settings
from common.settings import Bus
from compute_agent.seals import keys
from controller.broker import NoManagement
from controller.enrolment import Enrolment

HOST, ID = "019b76da-a800-7015-8b0c-8269809601bc", "019b76da-a800-7015-8b0c-ffffffffffff"
MANAGED = "http://a:b@c:15672"


def read(bus: Bus, folder: Path) -> tuple[settings.Settings, bytes, str]:
    declared: list[str] = []
    enrolment = Enrolment(bus, NoManagement(), declared.append, lambda key: key.hex().encode())
    kit = enrolment.kit(HOST, ID)
    enrolment.open(HOST, kit)
    assert declared == [HOST]
    file = folder / "agent.conf"
    file.write_text(text := enrolment.settings(HOST, "host1", kit))
    assert kit.sealed == kit.key.hex()
    return settings.load([str(file)]), kit.key, text


def test_the_file_is_what_the_agent_starts_with(tmp_path: Path) -> None:
    made, key, _ = read(Bus(url="amqp://boss:pw@broker:5672/toft", management=MANAGED), tmp_path)
    assert (made.agent.host_id, made.agent.name) == (HOST, "host1")
    assert keys(made.agent.keys) == {ID: key}
    where = urlsplit(made.bus.url)
    assert (where.username, where.hostname, where.port, where.path) == (
        "host-019b76da-ffffffffffff",
        "broker",
        5672,
        "/toft",
    )
    assert where.password != "pw"


def test_without_management_all_enter_as_one(tmp_path: Path) -> None:
    made, key, _ = read(Bus(url="amqp://boss:pw@broker/toft"), tmp_path)
    assert made.bus.url == "amqp://boss:pw@broker/toft"
    assert keys(made.agent.keys) == {ID: key}


@pytest.mark.parametrize("url", ["amqps://boss:pw@127.0.0.1/toft"])
def test_agents_may_reach_the_broker_elsewhere_and_need_its_ca(tmp_path: Path, url: str) -> None:
    made, _, text = read(Bus(url=url, agents="broker.example:5671"), tmp_path)
    assert made.bus.url == "amqps://boss:pw@broker.example:5671/toft"
    assert "tls_ca" in text


def test_a_bus_without_users_has_none_to_give(tmp_path: Path) -> None:
    made, _, _ = read(Bus(url="memory://"), tmp_path)
    assert made.bus.url.startswith("memory:")
