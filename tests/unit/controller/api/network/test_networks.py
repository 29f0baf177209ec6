import msgspec
import pytest

from common import wire
from common.ids import bridge_name
from controller.db import hosts
from tests.services.api import api
from tests.services.compute import Compute, compute

NETWORKS, SUBNETS, PORTS = (f"/network/v2.0/{noun}" for noun in ("networks", "subnets", "ports"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(stores, tmp_path_factory, request) -> Compute:
    folder = tmp_path_factory.mktemp("networks")
    with getattr(stores, request.param)(folder) as store:
        yield compute(api(store, folder))


def network(cloud, status=201, user="demo", **fields):
    answer = cloud.call("POST", NETWORKS, {"network": {"name": "n"} | fields}, user)
    assert answer.status_code == status, answer.text
    return answer.json["network"] if status == 201 else answer.json["NeutronError"]["message"]


def subnet(cloud, status=201, user="demo", **fields):
    answer = cloud.call("POST", SUBNETS, {"subnet": {"ip_version": 4} | fields}, user)
    assert answer.status_code == status, answer.text
    return answer.json["subnet"] if status == 201 else answer.json["NeutronError"]["message"]


def port(cloud, status=201, user="demo", **fields):
    answer = cloud.call("POST", PORTS, {"port": fields}, user)
    assert answer.status_code == status, answer.text
    return answer.json["port"] if status == 201 else answer.json["NeutronError"]["message"]


def test_a_network_is_made_shown_and_deleted_with_its_subnet(cloud):
    made = network(cloud, name="life", mtu=1400, description="d")
    inside = subnet(cloud, network_id=made["id"], cidr="10.50.0.0/24", name="s")
    shown = cloud.call("GET", f"{NETWORKS}/{made['id']}").json["network"]
    assert shown == made | {"subnets": [inside["id"]]}
    assert (shown["mtu"], shown["status"], shown["shared"], shown["router:external"]) == (1400, "ACTIVE", False, False)
    held = port(cloud, network_id=made["id"])
    for path in (f"{NETWORKS}/{made['id']}", f"{SUBNETS}/{inside['id']}"):
        refused = cloud.call("DELETE", path)
        assert refused.status_code == 409
        assert held["id"] in refused.json["NeutronError"]["message"]
    assert cloud.call("DELETE", f"{PORTS}/{held['id']}").status_code == 204
    assert cloud.call("DELETE", f"{NETWORKS}/{made['id']}").status_code == 204
    for path in (f"{NETWORKS}/{made['id']}", f"{SUBNETS}/{inside['id']}", f"{PORTS}/{held['id']}"):
        assert cloud.call("GET", path).status_code == cloud.call("DELETE", path).status_code == 404


def test_lists_are_filtered_by_what_no_column_holds(cloud):
    made = network(cloud, name="filtered")
    inside = subnet(cloud, network_id=made["id"], cidr="10.66.0.0/24")
    held = port(cloud, network_id=made["id"])
    address = held["fixed_ips"][0]["ip_address"]

    def ids(where, **params):
        answer = cloud.call("GET", where, params=params, params_csv=False)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json[where.rsplit("/", 1)[-1]]]

    for asked, found in (({"status": "ACTIVE"}, [made["id"]]), ({"status": "DOWN"}, []), ({"router:external": 1}, [])):
        assert ids(NETWORKS, name="filtered", **asked) == found
    assert ids(NETWORKS, name="filtered", **{"router:external": "False"}) == [made["id"]]
    assert ids(SUBNETS, network_id=made["id"], ip_version=4) == [inside["id"]]
    assert ids(SUBNETS, network_id=made["id"], ip_version=6) == []
    on = f"subnet_id={inside['id']}"
    for pairs, found in (
        (f"ip_address={address}", [held["id"]]),
        ([f"ip_address={address}", on], [held["id"]]),
        (["ip_address=10.66.0.99", on], []),
        (["ip_address=10.66.0.99", f"ip_address={address}"], [held["id"]]),
    ):
        assert ids(PORTS, fixed_ips=pairs) == found
    assert (ids(PORTS, fixed_ips=on, status="DOWN"), ids(PORTS, fixed_ips=on, status="ACTIVE")) == ([held["id"]], [])
    for where, wrong in (
        (PORTS, {"fixed_ips": "ip_address_substr=10"}),
        (PORTS, {"sort_key": "status"}),
        (PORTS, {"sort_key": "fixed_ips.subnet_id"}),
        (PORTS, {"fixed_ips.subnet_id": "x"}),
        (NETWORKS, {"sort_key": "router:external"}),
        (SUBNETS, {"sort_key": "ip_version"}),
        (SUBNETS, {"ip_version": "four"}),
    ):
        assert cloud.call("GET", where, params=wrong).status_code == 400
    cloud.call("DELETE", f"{PORTS}/{held['id']}")
    cloud.call("DELETE", f"{NETWORKS}/{made['id']}")


def test_several_at_once_are_all_or_none(cloud):
    answer = cloud.call("POST", NETWORKS, {"networks": [{"name": "b1"}, {"name": "b2"}]})
    assert [n["name"] for n in answer.json["networks"]] == ["b1", "b2"]
    where = answer.json["networks"][0]["id"]
    wrong = cloud.call(
        "POST", PORTS, {"ports": [{"network_id": where}, {"network_id": "3" * 8 + "-3333-4333-8333-" + "3" * 12}]}
    )
    assert wrong.status_code == 404
    assert cloud.call("GET", PORTS, params={"network_id": where}).json == {"ports": []}
    both = {"network_id": where, "mac_address": "fa:16:3e:11:11:11"}
    assert cloud.call("POST", PORTS, {"ports": [both, both]}).status_code == 409
    assert cloud.call("GET", PORTS, params={"network_id": where}).json == {"ports": []}
    assert cloud.call("POST", NETWORKS, {"networks": [{}], "network": {}}).status_code == 400


def test_only_operators_share_or_make_for_others(cloud):
    assert "policy" in network(cloud, 403, shared=True)
    assert "operators" in network(cloud, 403, user="other", project_id=cloud.project)
    assert network(cloud, user="admin", tenant_id=cloud.project)["project_id"] == cloud.project


def test_a_shared_network_is_seen_and_used_but_not_changed_by_others(cloud):
    made = network(cloud, user="admin", shared=True, name="common")
    inside = subnet(cloud, user="admin", network_id=made["id"], cidr="10.51.0.0/24")
    assert cloud.call("GET", f"{NETWORKS}/{made['id']}", user="other").status_code == 200
    assert cloud.call("GET", f"{SUBNETS}/{inside['id']}", user="other").status_code == 200
    mine = port(cloud, user="other", network_id=made["id"])
    assert cloud.call("GET", f"{PORTS}/{mine['id']}").status_code == 404
    assert cloud.call("DELETE", f"{NETWORKS}/{made['id']}", user="other").status_code == 403
    assert cloud.call("DELETE", f"{SUBNETS}/{inside['id']}", user="other").status_code == 403
    cloud.call("DELETE", f"{PORTS}/{mine['id']}", user="other")
    assert cloud.call("DELETE", f"{NETWORKS}/{made['id']}", user="admin").status_code == 204


def test_a_subnet_is_deleted_alone(cloud):
    made = subnet(cloud, network_id=network(cloud)["id"], cidr="10.56.0.0/24")
    path = f"{SUBNETS}/{made['id']}"
    assert cloud.call("GET", path, params={"fields": "cidr"}).json == {"subnet": {"cidr": "10.56.0.0/24"}}
    listed = cloud.call("GET", SUBNETS, user="admin", params={"cidr": "10.56.0.0/24"}).json["subnets"]
    assert listed == [made]
    assert cloud.call("DELETE", path).status_code == 204
    assert cloud.call("DELETE", path).status_code == 404


def test_a_subnet_has_sound_defaults(cloud):
    made = subnet(cloud, network_id=network(cloud)["id"], cidr="10.52.0.7/24")
    assert (made["cidr"], made["gateway_ip"], made["ip_version"]) == ("10.52.0.0/24", "10.52.0.1", 4)
    assert made["allocation_pools"] == [{"start": "10.52.0.2", "end": "10.52.0.254"}]
    assert (made["enable_dhcp"], made["dns_nameservers"]) == (True, [])


@pytest.mark.parametrize(
    ("fields", "pools"),
    [
        ({"gateway_ip": None}, [("10.53.0.1", "10.53.0.6")]),
        ({"gateway_ip": "10.53.0.3"}, [("10.53.0.1", "10.53.0.2"), ("10.53.0.4", "10.53.0.6")]),
        ({"gateway_ip": "10.53.0.6"}, [("10.53.0.1", "10.53.0.5")]),
        (
            {
                "allocation_pools": [
                    {"start": "10.53.0.5", "end": "10.53.0.6"},
                    {"start": "10.53.0.2", "end": "10.53.0.3"},
                ]
            },
            [("10.53.0.2", "10.53.0.3"), ("10.53.0.5", "10.53.0.6")],
        ),
    ],
)
def test_pools(cloud, fields, pools):
    made = subnet(cloud, network_id=network(cloud)["id"], cidr="10.53.0.0/29", dns_nameservers=["1.1.1.1"], **fields)
    assert [(p["start"], p["end"]) for p in made["allocation_pools"]] == pools
    cloud.call("DELETE", f"{NETWORKS}/{made['network_id']}")


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"cidr": "fd00::/64"}, 400, "only IPv4"),
        ({"cidr": "10.54.0.0/24", "ip_version": 6}, 400, "only IPv4"),
        ({"cidr": "nonsense"}, 400, "not a range"),
        ({"cidr": "10.54.0.0/30"}, 400, "/29"),
        ({"cidr": "127.0.0.0/24"}, 400, "never routed"),
        ({"cidr": "224.0.0.0/24"}, 400, "never routed"),
        ({"cidr": "10.54.0.0/24", "gateway_ip": "10.55.0.1"}, 400, "gateway_ip"),
        ({"cidr": "10.54.0.0/24", "gateway_ip": "10.54.0.255"}, 400, "gateway_ip"),
        ({"cidr": "10.54.0.0/24", "gateway_ip": "x"}, 400, "gateway_ip"),
        ({"cidr": "10.54.0.0/24", "dns_nameservers": ["dns"]}, 400, "dns_nameservers"),
        (
            {"cidr": "10.54.0.0/24", "allocation_pools": [{"start": "10.54.0.9", "end": "10.54.0.8"}]},
            400,
            "after its end",
        ),
        ({"cidr": "10.54.0.0/24", "allocation_pools": [{"start": "10.54.0.9", "end": "10.54.1.8"}]}, 400, "10.54.1.8"),
        ({"cidr": "10.54.0.0/24", "allocation_pools": [{"start": "10.54.0.1", "end": "10.54.0.8"}]}, 409, "gateway"),
        (
            {
                "cidr": "10.54.0.0/24",
                "allocation_pools": [
                    {"start": "10.54.0.2", "end": "10.54.0.8"},
                    {"start": "10.54.0.8", "end": "10.54.0.9"},
                ],
            },
            400,
            "overlap",
        ),
        ({"cidr": "10.7.0.128/25"}, 409, "overlaps 10.7.0.0/24"),
        ({"cidr": "192.168.0.0/16"}, 409, "hosts route themselves"),
        ({"cidr": "10.90.0.0/24"}, 409, "hosts route themselves"),
        ({"cidr": "10.54.0.0/24", "host_routes": [{}]}, 400, "host_routes"),
        ({"cidr": "10.54.0.0/24", "color": 1}, 400, "color"),
    ],
)
def test_a_subnet_that_cannot_be_is_refused(cloud, fields, status, message):
    where = cloud.call("GET", NETWORKS, params={"name": "b1"}).json["networks"][0]["id"]
    assert message in subnet(cloud, status, network_id=where, **fields)


def test_only_operators_are_told_of_others_ranges_and_of_hosts(cloud):
    theirs = network(cloud, user="admin", name="theirs")["id"]
    subnet(cloud, user="admin", network_id=theirs, cidr="10.77.0.0/24")
    mine = cloud.call("GET", NETWORKS, params={"name": "b1"}).json["networks"][0]["id"]
    for cidr, secret in (("10.77.0.0/16", "10.77.0.0/24"), ("192.168.0.0/16", "host1")):
        assert secret not in subnet(cloud, 409, network_id=mine, cidr=cidr)
        assert secret in subnet(cloud, 409, user="admin", network_id=mine, cidr=cidr)


def test_a_network_has_one_subnet(cloud):
    assert "has a subnet" in subnet(cloud, 409, network_id=cloud.network, cidr="10.60.0.0/24")


def test_a_port_shows_its_place_to_operators_only(cloud):
    made = port(
        cloud,
        network_id=cloud.network,
        name="p",
        mac_address="FA:16:3E:00:00:09",
        fixed_ips=[{"ip_address": "10.7.0.77", "subnet_id": cloud.subnet}],
        **{"binding:vnic_type": "normal"},
    )
    assert (made["mac_address"], made["status"], made["device_id"]) == ("fa:16:3e:00:00:09", "DOWN", "")
    assert made["fixed_ips"] == [{"subnet_id": cloud.subnet, "ip_address": "10.7.0.77"}]
    assert not any(name.startswith("binding:host") for name in made)
    path = f"{PORTS}/{made['id']}"
    assert cloud.call("GET", path, user="admin").json["port"]["binding:host_id"] == ""
    assert cloud.call("GET", path, params={"fields": "id"}).json == {"port": {"id": made["id"]}}
    with cloud.api.services.store.tx() as tx:
        from controller.db import tables

        tx.change(tables.port, [{"id": made["id"], "host_id": cloud.host}])
    shown = cloud.call("GET", path, user="admin").json["port"]
    assert (shown["binding:host_id"], shown["status"]) == ("host1", "ACTIVE")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"fixed_ips": [{"ip_address": "10.7.0.1"}]}, 409),
        ({"fixed_ips": [{"ip_address": "10.8.0.1"}]}, 400),
        ({"fixed_ips": [{"subnet_id": "33333333-3333-4333-8333-333333333333"}]}, 400),
        ({"fixed_ips": [{}]}, 400),
        ({"fixed_ips": [{"ip_address": "10.7.0.8"}, {"ip_address": "10.7.0.9"}]}, 400),
        ({"mac_address": "01:00:00:00:00:01"}, 400),
        ({"admin_state_up": False}, 400),
        ({"security_groups": ["x"]}, 400),
        ({"device_id": "x"}, 400),
    ],
)
def test_a_port_that_cannot_be_is_refused(cloud, fields, status):
    port(cloud, status, network_id=cloud.network, **fields)


def test_lists_are_filtered_and_come_in_pages(cloud):
    made = [network(cloud, name="list", description=str(i))["id"] for i in range(3)]
    asked = {"name": "list", "limit": 2, "fields": ["id"], "sort_key": "description"}
    first = cloud.call("GET", NETWORKS, params=asked, params_csv=False).json
    assert first["networks"] == [{"id": made[0]}, {"id": made[1]}]
    rest = cloud.call("GET", first["networks_links"][0]["href"].removeprefix("http://cloud.test")).json
    assert rest == {"networks": [{"id": made[2]}]}
    ids = {"id": made[:2], "limit": 0, "sort_key": "description", "sort_dir": "desc"}
    found = cloud.call("GET", NETWORKS, params=ids, params_csv=False).json["networks"]
    assert [n["id"] for n in found] == [made[1], made[0]]
    both = {"project_id": cloud.project, "tenant_id": "nobody"}
    assert cloud.call("GET", NETWORKS, params=both).json == {"networks": []}
    assert cloud.call("GET", NETWORKS, params={"color": "red"}).status_code == 400
    assert cloud.call("GET", NETWORKS, params={"shared": "true"}).json == {"networks": []}
    assert cloud.call("GET", NETWORKS, params={"sort_key": "shared"}).status_code == 400
    (only,) = cloud.call("GET", SUBNETS, params={"network_id": cloud.network, "enable_dhcp": "True"}).json["subnets"]
    assert only["id"] == cloud.subnet


def test_quota_of_networks_is_counted_and_given_back(cloud):
    from controller.db import quotas

    limits = cloud.api.services.settings.quota
    with cloud.api.services.store.tx() as tx:
        used = quotas.usage(tx, limits, cloud.project)["networks"].used
        assert used == len(cloud.call("GET", NETWORKS).json["networks"])
        quotas.set_max(tx, limits, cloud.project, "networks", used)
    assert "networks" in network(cloud, 403)
    with cloud.api.services.store.tx() as tx:
        quotas.set_max(tx, limits, cloud.project, "networks", 100)


def test_there_are_no_security_groups(cloud):
    assert cloud.call("GET", "/network/v2.0/security-groups").status_code == 404


def test_the_bridge_of_a_known_network_is_in_nobodys_way(cloud):
    made = cloud.call("POST", "/network/v2.0/networks", {"network": {"name": "again"}}).json["network"]["id"]
    route = wire.Route(cidr="10.55.0.0/24", device=bridge_name(made))
    with cloud.api.services.store.tx() as tx:
        host = hosts.get(tx, [cloud.host])[cloud.host]
        changed = {**host.inventory, "routes": [msgspec.to_builtins(route)]}
        hosts.HOSTS.save(tx, [msgspec.structs.replace(host, inventory=changed)])
    body = {"subnet": {"network_id": made, "ip_version": 4, "cidr": "10.55.0.0/24"}}
    assert cloud.call("POST", "/network/v2.0/subnets", body).status_code == 201
