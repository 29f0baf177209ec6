"""The first road, walked by the unmodified openstack client through a whole cloud with the in-memory driver."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cmd.clouds import ADMIN
from tests.functional.cloud import Cloud, running


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as made:
        yield made


def test_tenant_makes_uses_and_deletes_a_server(cloud: Cloud, tmp_path: Path) -> None:
    image, public = tmp_path / "disk.raw", tmp_path / "key.pub"
    image.write_bytes(b"\0" * (1 << 20))
    public.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YvhcXg3CRjoTO7dZYFQz5b0Jcpt1jxE0bNcUa0QRt me\n")
    do = cloud.openstack

    do("image", "create", "--file", str(image), "--disk-format", "raw", "--container-format", "bare", "img")
    do("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", "small", cloud=ADMIN)
    do("network", "create", "net")
    do("subnet", "create", "--network", "net", "--subnet-range", "10.99.0.0/24", "sub")
    do("keypair", "create", "--public-key", str(public), "key")
    create = ["server", "create", "--image", "img", "--flavor", "small", "--network", "net", "--key-name", "key"]
    do(*create, "--wait", "vm")

    shown = json.loads(do("server", "show", "-f", "json", "vm"))
    assert shown["status"] == "ACTIVE"
    assert shown["addresses"]["net"][0].startswith("10.99.0.")
    assert "vm" in do("server", "list")
    do("console", "log", "show", "vm")
    do("server", "stop", "vm")
    wait_for(cloud, "vm", "SHUTOFF")
    do("server", "start", "vm")
    wait_for(cloud, "vm", "ACTIVE")
    do("server", "reboot", "--wait", "vm")
    do("server", "reboot", "--hard", "--wait", "vm")
    do("server", "delete", "--wait", "vm")
    assert "vm" not in do("server", "list")


def test_operator_sees_hosts_and_services(cloud: Cloud) -> None:
    hosts = json.loads(cloud.openstack("hypervisor", "list", "-f", "json", cloud=ADMIN))
    services = json.loads(cloud.openstack("compute", "service", "list", "-f", "json", cloud=ADMIN))
    assert [host["Hypervisor Hostname"] for host in hosts] == ["host1"]
    assert {"host1"} <= {service["Host"] for service in services if service["State"] == "up"}


def test_operator_sees_a_host_whole(cloud: Cloud) -> None:
    for _ in range(60):
        host = json.loads(cloud.openstack("hypervisor", "show", "-f", "json", "host1", cloud=ADMIN))
        if host.get("uptime"):  # the agent tells it a moment after its hello
            break
    assert (host["hypervisor_hostname"], host["state"], host["uptime"]) == ("host1", "up", "1 min")
    assert (host["users"], host["load_average"]) == ("0", "0.00, 0.00, 0.00")
    assert host["service_host"] == "host1"
    assert "host1" in cloud.openstack("hypervisor", "list", "--matching", "ost", cloud=ADMIN)


def test_operator_lists_roles_by_name(cloud: Cloud) -> None:
    told = cloud.openstack("role", "assignment", "list", "--names", "--role", "member", "-f", "json", cloud=ADMIN)
    assert ("member", "demo@Default") in {(line["Role"], line["Project"]) for line in json.loads(told)}


def test_lists_are_filtered(cloud: Cloud) -> None:
    do = cloud.openstack
    network = do("network", "create", "filtered", "-f", "value", "-c", "id").strip()
    do("subnet", "create", "--network", "filtered", "--subnet-range", "10.98.0.0/24", "inside")
    port = do("port", "create", "--network", "filtered", "-f", "value", "-c", "id", "nic").strip()
    address = do("port", "show", port, "-f", "json", "-c", "fixed_ips")
    found = json.loads(address)["fixed_ips"][0]["ip_address"]

    def ids(*words: str) -> set[str]:
        return set(do(*words, "-f", "value", "-c", "ID").split())

    assert network in ids("network", "list", "--internal")
    assert ids("network", "list", "--external") == set()
    assert ids("subnet", "list", "--network", "filtered", "--ip-version", "4") != set()
    assert ids("subnet", "list", "--ip-version", "6") == set()
    assert ids("port", "list", "--fixed-ip", f"ip-address={found}") == {port}
    assert ids("port", "list", "--fixed-ip", "subnet=inside", "--status", "DOWN") == {port}
    assert ids("port", "list", "--network", "filtered", "--status", "ACTIVE") == set()


def wait_for(cloud: Cloud, name: str, status: str) -> None:
    for _ in range(60):
        found = cloud.openstack("server", "show", "-f", "value", "-c", "status", name).strip()
        if found == status:
            return
    pytest.fail(f"{name} is {found}, not {status}")
