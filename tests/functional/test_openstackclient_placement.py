"""Aggregates, zones, server groups and services, by the unmodified openstack client."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.cmd.clouds import ADMIN, TENANT
from tests.functional.cloud import Cloud, running

CREATE = ("server", "create", "--image", "img", "--flavor", "small", "--network", "net")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    with running(folder) as made:
        _furnish(made, folder / "disk.raw")
        yield made


def _furnish(cloud: Cloud, image: Path) -> None:
    image.write_bytes(b"\0" * (1 << 20))
    do = cloud.openstack
    do("image", "create", "--file", str(image), "--disk-format", "raw", "--container-format", "bare", "img")
    do("flavor", "create", "--ram", "128", "--disk", "1", "--vcpus", "1", "small", cloud=ADMIN)
    do("image", "set", "--public", "img", cloud=ADMIN)
    do("network", "create", "--share", "net", cloud=ADMIN)


def told(cloud: Cloud, *words: str, who: str = TENANT) -> Any:
    return json.loads(cloud.openstack(*words, "-f", "json", cloud=who))


def admin(cloud: Cloud, *words: str) -> Any:
    return told(cloud, *words, who=ADMIN)


def refused(cloud: Cloud, *words: str, who: str = TENANT) -> str:
    with pytest.raises(AssertionError) as refusal:
        cloud.openstack(*words, cloud=who)
    return str(refusal.value)


def built(cloud: Cloud, name: str, who: str = TENANT) -> Any:
    """Wait for a server's build to end; the client's own --wait looks every five seconds only."""
    for _ in range(30):
        server = told(cloud, "server", "show", name, who=who)
        if server["status"] != "BUILD":
            return server
    pytest.fail(f"{name} is in BUILD still")


def test_a_zone_of_one_host(cloud: Cloud) -> None:
    do = cloud.openstack
    made = admin(cloud, "aggregate", "create", "--zone", "east", "--property", "ssd=true", "racks")
    assert (made["name"], made["availability_zone"], made["properties"]["ssd"]) == ("racks", "east", "true")
    assert admin(cloud, "aggregate", "add", "host", "racks", "host1")["hosts"] == ["host1"]
    do("aggregate", "set", "--name", "fast", "--property", "rack=1", "racks", cloud=ADMIN)
    (listed,) = admin(cloud, "aggregate", "list", "--long")
    assert (listed["Name"], listed["Availability Zone"], listed["Hosts"]) == ("fast", "east", ["host1"])
    assert listed["Properties"] == {"rack": "1", "ssd": "true"}
    zones = told(cloud, "availability", "zone", "list", "--compute")
    assert [(zone["Zone Name"], zone["Zone Status"]) for zone in zones] == [("east", "available")]

    do(*CREATE, "--availability-zone", "east", "there")
    placed = built(cloud, "there")
    assert (placed["status"], placed["OS-EXT-AZ:availability_zone"]) == ("ACTIVE", "east")
    assert "there is no zone west" in refused(cloud, *CREATE, "--availability-zone", "west", "nowhere")
    leave = ("aggregate", "remove", "host", "fast", "host1")
    assert "another zone than nova" in refused(cloud, *leave, who=ADMIN)


def test_a_group_and_its_server(cloud: Cloud) -> None:
    group = told(cloud, "server", "group", "create", "--policy", "anti-affinity", "web")
    assert group["policies"] == ["anti-affinity"]
    one = told(cloud, *CREATE, "--server-group", "web", "one")
    assert told(cloud, "server", "group", "show", "web")["members"] == [one["id"]]
    assert "query" in refused(cloud, *CREATE, "--hint", 'query=["=","$host","x"]', "two")
    cloud.openstack("server", "group", "delete", "web")
    assert told(cloud, "server", "group", "list") == []


def test_an_operator_chooses_the_host(cloud: Cloud) -> None:
    cloud.openstack(*CREATE, "--availability-zone", ":host1", "chosen", cloud=ADMIN)
    made = built(cloud, "chosen", who=ADMIN)
    assert (made["status"], made["OS-EXT-SRV-ATTR:host"]) == ("ACTIVE", "host1")


def test_a_host_is_disabled_with_a_reason(cloud: Cloud) -> None:
    service, do = ("host1", "nova-compute"), cloud.openstack
    do("compute", "service", "set", "--disable", "--disable-reason", "new disk", *service, cloud=ADMIN)
    (shown,) = admin(cloud, "compute", "service", "list", "--long")
    assert (shown["Status"], shown["Disabled Reason"]) == ("disabled", "new disk")
    do(*CREATE, "later")
    assert built(cloud, "later")["status"] == "ERROR"
    do("compute", "service", "set", "--enable", *service, cloud=ADMIN)
