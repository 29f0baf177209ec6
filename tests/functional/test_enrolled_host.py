"""An enrolled host from its first word to its last: real processes, a real broker, and the operator's own commands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import AccessRefused
from click.testing import CliRunner
from kombu.connection import Connection

from common import settings
from controller.cmd import clouds
from controller.cmd.host import host as command
from tests.functional.controllers import COMPUTE, Controllers, all_active, create, furnish, until
from tests.services.rabbitmq import RabbitMQ

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")

CLOSED = """\
[bus]
management = http://guest:guest@127.0.0.1:{port}
[controller]
auto_enroll = false
"""


@pytest.fixture
def cloud(managed_rabbitmq: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controllers]:
    """A controller that lets in only what was enrolled, on SQLite; and the operator's clouds.yaml."""
    closed, found = tmp_path / "closed.conf", tmp_path / "clouds.yaml"
    closed.write_text(CLOSED.format(port=managed_rabbitmq.management_port))
    made = Controllers(tmp_path, managed_rabbitmq.fresh_url(), "", poll=0.2)
    try:
        made.start("one", more=closed)
        until(lambda: made.healthy("one"))
        made.login("one")
        clouds.write(found, f"http://127.0.0.1:{made.ports['one']}", dict.fromkeys(clouds.ACCOUNTS, "secret"))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(found))
        monkeypatch.setenv("COLUMNS", "160")
        yield made
    finally:
        made.stop()


def toft_host(*words: str) -> str:
    """Call ``toft host``, as an operator does."""
    done = CliRunner().invoke(command, list(words))
    assert done.exit_code == 0, done.output
    return str(done.output)


def shown(cloud: Controllers) -> Any:
    return cloud.call("one", "GET", "/toft/v1/hosts/host1").body["host"]


def used(cloud: Controllers) -> str:
    """Give the key that the agent named in its last hello."""
    (id_,) = [c["id"] for c in shown(cloud)["credentials"] if c["in_use"]] or [""]
    return str(id_)


def enter(file: Path) -> None:
    """Enter the broker as an agent with this file does."""
    with Connection(settings.load([str(file)]).bus.url, connect_timeout=5) as connection:
        connection.connect()


def refused(act: Callable[[], None]) -> None:
    with pytest.raises(AccessRefused):
        act()


def test_a_host_comes_works_turns_its_key_and_goes(cloud: Controllers, tmp_path: Path) -> None:
    first, second = tmp_path / "first.conf", tmp_path / "second.conf"

    cloud.start("host1", "agent")  # with the operator's own user, and never enrolled
    until(lambda: "unknown-host" in cloud.log("one"))
    assert toft_host("list").count("host1") == 0
    cloud.kill("host1")

    toft_host("enroll", "host1", "--output", str(first))
    assert shown(cloud)["state"] == "new"
    cloud.start("host1", "agent", more=first)
    until(lambda: shown(cloud)["state"] == "up")
    furnish(cloud, "one", "one")
    made = create(cloud, "one")
    until(lambda: all_active(cloud, "one", made))
    assert "up" in toft_host("list")
    before = used(cloud)
    assert before in first.read_text()

    toft_host("rotate", "host1", "--output", str(second))
    beat = shown(cloud)["heard_at"]
    until(lambda: shown(cloud)["heard_at"] > beat)
    assert (shown(cloud)["state"], used(cloud)) == ("up", before), (
        "the old file is good until the agent has the new one"
    )
    cloud.kill("host1")
    cloud.start("host1", "agent", more=second)
    until(lambda: used(cloud) in second.read_text() and used(cloud) != before)
    made += create(cloud, "one")
    until(lambda: all_active(cloud, "one", made))
    assert "ends in" in toft_host("show", "host1")
    enter(first)

    third = tmp_path / "third.conf"
    toft_host("rotate", "host1", "--retire", "--output", str(third))
    for file in (first, second):
        refused(lambda file=file: enter(file))
    cloud.kill("host1")
    cloud.start("host1", "agent", more=third)
    until(lambda: used(cloud) in third.read_text() and shown(cloud)["state"] == "up")

    for server in made:
        assert cloud.call("one", "DELETE", f"{COMPUTE}/servers/{server}").status == 204
    until(lambda: cloud.servers("one") == [])
    assert toft_host("remove", "host1") == "host1 is forgotten\n"
    refused(lambda: enter(third))
    assert toft_host("list").count("host1") == 0
    assert cloud.running["host1"].poll() is None, "its agent waits for a broker that lets it in"
