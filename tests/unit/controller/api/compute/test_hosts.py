"""Hypervisors, services, zones, limits and extensions."""

import pytest

from controller.db import tables
from tests.services.api import api
from tests.services.compute import Compute, compute

ROOT = "/compute/v2.1"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("hosts")
    with stores.sqlite(folder) as store:
        made = compute(api(store, folder))
        made.server()
        yield made


def test_hypervisors(cloud):
    (brief,) = cloud.call("GET", f"{ROOT}/os-hypervisors", user="admin").json["hypervisors"]
    assert brief == {"id": brief["id"], "hypervisor_hostname": "host1", "state": "up", "status": "enabled"}
    (whole,) = cloud.call("GET", f"{ROOT}/os-hypervisors/detail", user="admin").json["hypervisors"]
    assert cloud.call("GET", f"{ROOT}/os-hypervisors/{brief['id']}", user="admin").json == {"hypervisor": whole}
    assert (whole["vcpus"], whole["memory_mb"], whole["memory_mb_used"], whole["local_gb"]) == (4, 8192, 1024, 100)
    assert (whole["running_vms"], whole["hypervisor_version"], whole["hypervisor_type"]) == (1, 7002005, "QEMU")
    assert cloud.call("GET", f"{ROOT}/os-hypervisors/1", user="admin").status_code == 404


@pytest.fixture
def told(cloud):
    """Write what is known of the host, and forget it again."""

    def write(**row):
        with cloud.api.services.store.tx() as tx:
            tx.change(tables.host, [{"id": cloud.host} | row])

    yield write
    write(usage={}, state="up")


def test_uptime_is_what_the_agent_told(cloud, told):
    def asked(number):
        return cloud.call("GET", f"{ROOT}/os-hypervisors/{number}/uptime", user="admin")

    (brief,) = cloud.call("GET", f"{ROOT}/os-hypervisors", user="admin").json["hypervisors"]
    unknown = asked(brief["id"])
    assert (unknown.status_code, unknown.json["notImplemented"]["code"]) == (501, 501)
    told(usage={"uptime": " 12:00:00 up 1 min"})
    assert asked(brief["id"]).json == {"hypervisor": brief | {"uptime": " 12:00:00 up 1 min"}}
    told(state="down")
    assert asked(brief["id"]).json["badRequest"]["message"] == ("Compute service of host1 is unavailable at this time.")
    assert asked(1).status_code == asked("host1").status_code == 404


def test_hypervisors_are_searched_by_a_part_of_their_name(cloud):
    (brief,) = cloud.call("GET", f"{ROOT}/os-hypervisors", user="admin").json["hypervisors"]
    assert cloud.call("GET", f"{ROOT}/os-hypervisors/ost/search", user="admin").json == {"hypervisors": [brief]}
    (whole,) = cloud.call("GET", f"{ROOT}/os-hypervisors/host1/servers", user="admin").json["hypervisors"]
    (server,) = whole.pop("servers")
    assert (whole, server["name"]) == (brief, server["uuid"])
    for way in ("search", "servers"):
        answer = cloud.call("GET", f"{ROOT}/os-hypervisors/%25/{way}", user="admin")
        assert answer.json["itemNotFound"]["message"] == "No hypervisor matching '%' could be found."


def test_a_hypervisor_without_servers_lists_none(cloud):
    (server,) = cloud.call("GET", f"{ROOT}/os-hypervisors/host1/servers", user="admin").json["hypervisors"][0][
        "servers"
    ]
    cloud.settle(server["uuid"], host_id=None)
    (whole,) = cloud.call("GET", f"{ROOT}/os-hypervisors/host1/servers", user="admin").json["hypervisors"]
    assert "servers" not in whole
    cloud.settle(server["uuid"], host_id=cloud.host)


def test_there_are_no_aggregates_at_first(cloud):
    assert cloud.call("GET", f"{ROOT}/os-aggregates", user="admin").json == {"aggregates": []}


def test_statistics_add_up(cloud):
    sums = cloud.call("GET", f"{ROOT}/os-hypervisors/statistics", user="admin").json["hypervisor_statistics"]
    assert (sums["count"], sums["vcpus"], sums["free_ram_mb"], sums["disk_available_least"]) == (1, 4, 7168, 90)


def test_services_are_switched_with_a_reason(cloud):
    body = {"host": "host1", "binary": "nova-compute"}

    def switch(how, **more):
        answer = cloud.call("PUT", f"{ROOT}/os-services/{how}", body | more, "admin")
        return answer.json["service"] if answer.status_code == 200 else answer.status_code

    def service(**params):
        return cloud.call("GET", f"{ROOT}/os-services", user="admin", params=params).json["services"]

    assert switch("disable-log-reason", disabled_reason="disk") == body | {
        "status": "disabled",
        "disabled_reason": "disk",
    }
    assert (service()[0]["status"], service()[0]["disabled_reason"]) == ("disabled", "disk")
    assert switch("disable") == body | {"status": "disabled"}
    assert switch("enable") == body | {"status": "enabled"}
    assert service(host="host1", binary="nova-compute")[0]["disabled_reason"] is None
    assert service(host="other") == service(binary="nova-scheduler") == []
    assert switch("enable", host="other") == switch("enable", binary="nova-api") == 404
    assert switch("disable-log-reason") == switch("enable", disabled_reason="x") == 400


def test_zones(cloud):
    (zone,) = cloud.call("GET", f"{ROOT}/os-availability-zone").json["availabilityZoneInfo"]
    assert zone == {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    (zone,) = cloud.call("GET", f"{ROOT}/os-availability-zone/detail", user="admin").json["availabilityZoneInfo"]
    assert zone["hosts"]["host1"]["nova-compute"]["active"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "os-hypervisors"),
        ("GET", "os-hypervisors/detail"),
        ("GET", "os-hypervisors/statistics"),
        ("GET", "os-hypervisors/1"),
        ("GET", "os-hypervisors/1/uptime"),
        ("GET", "os-hypervisors/host1/search"),
        ("GET", "os-hypervisors/host1/servers"),
        ("GET", "os-aggregates"),
        ("GET", "os-services"),
        ("PUT", "os-services/enable"),
        ("PUT", "os-services/disable"),
        ("PUT", "os-services/disable-log-reason"),
        ("GET", "os-availability-zone/detail"),
    ],
)
def test_hosts_are_for_operators(cloud, method, path):
    assert cloud.call(method, f"{ROOT}/{path}").status_code == 403


def test_limits_are_a_projects_own(cloud):
    shown = cloud.call("GET", f"{ROOT}/limits", params={"reserved": "False"}).json["limits"]
    assert (shown["rate"], shown["absolute"]["totalInstancesUsed"], shown["absolute"]["maxTotalCores"]) == ([], 1, 200)
    asked = {"tenant_id": cloud.project}
    assert cloud.call("GET", f"{ROOT}/limits", user="other", params=asked).status_code == 403
    assert cloud.call("GET", f"{ROOT}/limits", user="admin", params=asked).json["limits"] == shown


def test_there_are_no_extensions(cloud):
    assert cloud.call("GET", f"{ROOT}/extensions").json == {"extensions": []}
    assert cloud.call("GET", f"{ROOT}/extensions/OS-DCF").status_code == 404
    assert cloud.call("GET", f"{ROOT}/os-floating-ips").status_code == 404
