"""``toft why``, ``fit``, ``room``, ``fragmentation`` and ``replay`` against a whole cloud in one process."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest
from click.testing import CliRunner, Result
from openstack.config import OpenStackConfig

from controller.cmd.clouds import ADMIN, TENANT
from controller.cmd.replay import replay
from controller.cmd.what_if import fit, fragmentation, room
from controller.cmd.why import why
from tests.functional.cloud import Cloud, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as made:
        config = OpenStackConfig(config_files=[str(made.clouds)], vendor_files=[], secure_files=[])
        admin, tenant = (openstack.connection.Connection(config=config.get_one(cloud=name)) for name in (ADMIN, TENANT))
        image = tenant.create_image(
            "disk", data=io.BytesIO(b"\0" * 4096), disk_format="raw", container_format="bare", wait=True
        )
        network = tenant.network.create_network(name="net")
        tenant.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.99.0.0/24")
        for name, ram, wait in (("web", 128, True), ("giant", 400_000, False)):
            flavor = admin.compute.create_flavor(name=f"for-{name}", vcpus=1, ram=ram, disk=1)
            asked = {"image_id": image.id, "flavor_id": flavor.id, "networks": [{"uuid": network.id}]}
            server = tenant.compute.create_server(name=name, **asked)
            if wait:
                tenant.compute.wait_for_server(server, wait=60)
            else:
                with pytest.raises(openstack.exceptions.ResourceFailure):
                    tenant.compute.wait_for_server(server, wait=60)
        yield made


def run(cloud: Cloud, command: object, *words: str) -> Result:
    env = {"OS_CLIENT_CONFIG_FILE": str(cloud.clouds), "COLUMNS": "110", "OS_CLOUD": None}
    done = CliRunner().invoke(command, words, env=env)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done


def test_the_fault_is_short_and_points_at_toft_why(cloud: Cloud) -> None:
    fault = cloud.openstack("server", "show", "giant", "-f", "json", "-c", "fault", "-c", "id")
    told = json.loads(fault)
    assert told["fault"]["message"].startswith("No valid host: 1 host; 1 lacks memory")
    assert told["fault"]["message"].endswith(f"(toft why {told['id']})")
    assert len(told["fault"]["message"]) < 255


def test_operators_see_which_host_lacks_what(cloud: Cloud) -> None:
    shown = run(cloud, why, "giant").output
    for told in ("nowhere", "host1: needs 400000 MiB", "it would fit", "if memory <="):
        assert told in shown
    assert "placed on host1" in run(cloud, why, "web").output


def test_tenants_see_counts_and_what_would_fit(cloud: Cloud) -> None:
    shown = run(cloud, why, "giant", "--cloud", TENANT).output
    assert "if memory <=" in shown
    assert "host1" not in shown
    told = json.loads(run(cloud, why, "giant", "--cloud", TENANT, "--json").output)
    assert told["decisions"][0]["fallen"] == [{"filter": "memory", "hosts": 1, "codes": ["memory-mb"]}]


def test_a_smaller_one_does_fit_where_the_record_says_so(cloud: Cloud) -> None:
    told = json.loads(run(cloud, why, "giant", "--json").output)["decisions"][0]["fits"]
    most = next(int(one["text"].split()[3]) for one in told if one["code"] == "memory")
    for name, ram, fits in (("just", most, 1), ("over", most + 1, 0)):
        cloud.openstack("flavor", "create", name, "--ram", str(ram), "--vcpus", "1", "--disk", "1", cloud=ADMIN)
        assert json.loads(run(cloud, fit, "--flavor", name, "--json").output)["fits"] == fits


def test_fit_room_and_fragmentation_print(cloud: Cloud) -> None:
    assert "2 of 2 servers of for-web would fit now" in run(cloud, fit, "--flavor", "for-web", "--count", "2").output
    assert "lacks memory" not in run(cloud, fit, "--flavor", "for-giant", "--zone", "nova").output
    assert "nothing is to be moved" in run(cloud, room, "--flavor", "for-web").output
    assert "no few moves" in run(cloud, room, "--flavor", "for-giant", "--moves", "1", "--zone", "nova").output
    whole = run(cloud, fragmentation).output
    assert "for-web" in whole
    assert "host1" not in whole
    assert "host1" in run(cloud, fragmentation, "--host", "host1", "--flavor", "for-web").output


def test_a_day_is_recorded_and_replayed(cloud: Cloud, tmp_path: Path) -> None:
    file, picture = tmp_path / "day.json", tmp_path / "day.svg"
    assert "2 decisions" in run(cloud, replay, "--record", str(file)).output
    rows = [line.split() for line in run(cloud, replay, str(file), "--picture", str(picture)).output.splitlines()]
    for policy in (["as", "recorded"], ["pack"], ["spread"]):
        (row,) = (row for row in rows if row[: len(policy)] == policy)
        assert row[len(policy) : len(policy) + 2] == ["1", "1"], "one was placed and one was not"
    assert picture.read_text().startswith("<svg")
    gone = CliRunner().invoke(replay, [str(tmp_path / "nothing")])
    assert (gone.exit_code, "No such file" in gone.output) == (1, True)
