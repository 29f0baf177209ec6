"""``toft top``, ``toft server timeline`` and the metrics of a whole cloud in one process."""

import io
import json
import urllib.request
from collections.abc import Iterator

import openstack
import pytest
from click.testing import CliRunner, Result
from openstack.config import OpenStackConfig
from prometheus_client.parser import text_string_to_metric_families

from controller.cmd import top as top_command
from controller.cmd.clouds import ADMIN, TENANT
from controller.cmd.server import server
from tests.functional.cloud import Cloud, running
from tests.services.ports import free_ports

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud"), metrics={"port": free_ports(1)[0]}) as made:
        yield made


@pytest.fixture(scope="module")
def made(cloud: Cloud) -> str:
    """A server that is ACTIVE; its id."""
    config = OpenStackConfig(config_files=[str(cloud.clouds)], vendor_files=[], secure_files=[])
    admin, tenant = (openstack.connection.Connection(config=config.get_one(cloud=name)) for name in (ADMIN, TENANT))
    image = tenant.create_image(
        "disk", data=io.BytesIO(b"\0" * 4096), disk_format="raw", container_format="bare", wait=True
    )
    flavor = admin.compute.create_flavor(name="small", vcpus=1, ram=128, disk=1)
    network = tenant.network.create_network(name="net")
    tenant.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.99.0.0/24")
    asked = {"image_id": image.id, "flavor_id": flavor.id, "networks": [{"uuid": network.id}]}
    server = tenant.compute.wait_for_server(tenant.compute.create_server(name="web", **asked), wait=60)
    return str(server.id)


def run(cloud: Cloud, command: object, *words: str) -> Result:
    env = {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds), "COLUMNS": "100", "OS_CLOUD": None}
    return CliRunner().invoke(command, words, env=env)  # type: ignore[arg-type]


def test_tenants_see_the_steps_of_their_servers(cloud: Cloud, made: str) -> None:
    shown = run(cloud, server, "timeline", made, "--cloud", TENANT)
    assert shown.exit_code == 0, shown.output
    for step in ("accept", "claim", "network", "build", "settle", "open"):
        assert step in shown.output
    assert "host1" not in shown.output
    told = json.loads(run(cloud, server, "timeline", "web", "--cloud", TENANT, "--json").output)
    assert [work["workflow"] for work in told["workflows"]] == ["server.create"]
    assert "placed" not in told
    assert not any("controller" in moment for moment in told["timeline"])


def test_operators_see_where_and_by_whom_too(cloud: Cloud, made: str) -> None:
    told = json.loads(run(cloud, server, "timeline", "web", "--json").output)
    assert told["server"]["id"] == made
    assert [one["host"] for one in told["placed"]] == ["host1"]
    assert all("/" in moment["controller"] for moment in told["timeline"])
    assert "on host1" in run(cloud, server, "timeline", made).output


def test_a_server_that_is_not_there_is_one_line(cloud: Cloud) -> None:
    assert "there is no server nobody" in run(cloud, server, "timeline", "nobody").output
    gone = run(cloud, server, "timeline", "00000000-0000-4000-8000-000000000000")
    assert gone.exit_code == 1
    assert "00000000-0000-4000-8000-000000000000" in gone.output


def test_names_that_several_have_need_an_id(cloud: Cloud) -> None:
    class Two:
        def get(self, path: str, **query: str) -> object:
            return {"servers": [{"id": "a"}, {"id": "b"}]}

    from click import ClickException

    from controller.cmd.server import named

    with pytest.raises(ClickException, match="2 servers are called web"):
        named(Two(), "web")  # type: ignore[arg-type]


def test_top_shows_the_cloud_once(cloud: Cloud, made: str) -> None:
    shown = run(cloud, top_command.top, "--once")
    assert shown.exit_code == 0, shown.output
    for told in ("1 ACTIVE", "host1", "outbox", "scheduler"):
        assert told in shown.output


def test_top_is_for_operators(cloud: Cloud) -> None:
    shown = run(cloud, top_command.top, "--once", "--cloud", TENANT)
    assert shown.exit_code == 1
    assert "operator:overview" in shown.output


def test_top_goes_on_until_it_is_interrupted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(top_command.time, "sleep", sleep)
    assert run(cloud, top_command.top, "--every", "0.5").exit_code == 0
    assert rests == [0.5, 0.5]


def test_prometheus_reads_what_happened(cloud: Cloud, made: str) -> None:
    url = f"http://127.0.0.1:{cloud.settings.metrics.port}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found = {(s.name, *sorted(s.labels.values())): s.value for f in families for s in f.samples}
    assert found["toft_controller_decisions_total", "placed"] == 1
    assert found["toft_controller_reports_total", "hello"] >= 1
    assert found["toft_controller_requests_total", "202", "POST /compute/v2.1/servers", "compute"] == 1
    assert found["toft_controller_hosts", "up"] == 1
    assert found["toft_controller_database_answers",] == 1
    assert found["toft_controller_lease_held", "scheduler"] == 1
    assert found["toft_controller_writer_waiting",] == 0
