"""Aggregates and the availability zones that they make."""

import pytest
import sqlalchemy as sa

from controller.db import aggregates, hosts, tables
from tests.services.api import api
from tests.services.compute import Compute, compute

ROOT = "/compute/v2.1"
AGGREGATES = f"{ROOT}/os-aggregates"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made_cloud(stores, tmp_path_factory, request) -> Compute:
    folder = tmp_path_factory.mktemp("aggregates")
    with getattr(stores, request.param)(folder) as store:
        yield compute(api(store, folder))


@pytest.fixture
def cloud(made_cloud):
    """The cloud, with no server on its host and the host in no aggregate, afterwards."""
    yield made_cloud
    with made_cloud.api.services.store.tx() as tx:
        tx.do(sa.delete(tables.aggregate))
        tx.do(sa.update(tables.server).values(state="DELETED", host_id=None))
        tx.do(sa.update(tables.host).values(enabled=True, state="up"))


def call(cloud, method, path="", body=None, status=200, user="admin"):
    answer = cloud.call(method, f"{AGGREGATES}{path}", body, user)
    assert answer.status_code == status, answer.text
    return answer.json.get("aggregate", answer.json) if answer.content else None


def make(cloud, name, zone=None, status=200):
    return call(cloud, "POST", body={"aggregate": {"name": name, "availability_zone": zone}}, status=status)


def act(cloud, made, action, status=200, **said):
    return call(cloud, "POST", f"/{made['id']}/action", {action: said}, status)


def put_in(cloud, made, host="host1", status=200):
    return act(cloud, made, "add_host", status, host=host)


def generation(cloud):
    with cloud.api.services.store.read() as tx:
        return hosts.get(tx, [cloud.host])[cloud.host].generation


def why(answer):
    return next(iter(answer.values()))["message"]


def test_an_aggregate_is_made_shown_changed_and_deleted(cloud):
    made = make(cloud, "fast", "east")
    assert made == {
        "id": made["id"],
        "name": "fast",
        "availability_zone": "east",
        "created_at": made["created_at"],
        "updated_at": None,
        "deleted_at": None,
        "deleted": False,
    }
    shown = call(cloud, "GET", f"/{made['id']}")
    assert shown == made | {"hosts": [], "metadata": {"availability_zone": "east"}}
    assert call(cloud, "GET") == {"aggregates": [shown]}
    renamed = call(cloud, "PUT", f"/{made['id']}", {"aggregate": {"name": "faster"}})
    assert (renamed["name"], renamed["availability_zone"], renamed["updated_at"] is None) == ("faster", "east", False)
    call(cloud, "DELETE", f"/{made['id']}")
    call(cloud, "GET", f"/{made['id']}", status=404)


def test_a_number_is_never_given_again(cloud):
    first = make(cloud, "one")["id"]
    call(cloud, "DELETE", f"/{first}")
    assert make(cloud, "two")["id"] > first


def test_names_are_unique(cloud):
    one = make(cloud, "one")
    assert "one" in why(make(cloud, "one", status=409))
    make(cloud, "two")
    assert "two" in why(call(cloud, "PUT", f"/{one['id']}", {"aggregate": {"name": "two"}}, 409))


def test_metadata_is_set_and_taken_away(cloud):
    made = make(cloud, "one", "east")
    metadata = act(cloud, made, "set_metadata", metadata={"ssd": "true", "rack": "1"})["metadata"]
    assert metadata == {"availability_zone": "east", "ssd": "true", "rack": "1"}
    left = act(cloud, made, "set_metadata", metadata={"ssd": None})["metadata"]
    assert left == call(cloud, "GET", f"/{made['id']}")["metadata"] == {"availability_zone": "east", "rack": "1"}
    assert act(cloud, made, "set_metadata", metadata={"availability_zone": None})["availability_zone"] is None
    many = {f"k{n}": "v" for n in range(128)}
    assert "128" in why(act(cloud, made, "set_metadata", 400, metadata=many))


def test_a_policy_is_one_that_there_is(cloud):
    made = make(cloud, "one")
    assert "pack or spread" in why(act(cloud, made, "set_metadata", 400, metadata={"toft:policy": "random"}))
    assert act(cloud, made, "set_metadata", metadata={"toft:policy": "spread"})["metadata"] == {"toft:policy": "spread"}


def test_hosts_come_and_go_and_schedulers_are_told(cloud):
    made = make(cloud, "one")
    before = generation(cloud)
    assert put_in(cloud, made)["hosts"] == ["host1"]
    assert generation(cloud) == before + 1
    assert call(cloud, "GET")["aggregates"][0]["hosts"] == ["host1"]
    with cloud.api.services.store.read() as tx:
        assert [known.hosts for known in aggregates.all(tx)] == [(cloud.host,)]
    assert "already" in why(put_in(cloud, made, status=409))
    act(cloud, made, "set_metadata", metadata={"ssd": "true"})
    assert generation(cloud) == before + 2
    assert "not empty" in why(call(cloud, "DELETE", f"/{made['id']}", status=400))
    assert act(cloud, made, "remove_host", host="host1")["hosts"] == []
    assert generation(cloud) == before + 3
    assert "no host host1" in why(act(cloud, made, "remove_host", 404, host="host1"))
    assert "moon" in why(put_in(cloud, made, "moon", 404))


def test_a_host_is_in_one_zone_only(cloud):
    east, west, plain = make(cloud, "e", "east"), make(cloud, "w", "west"), make(cloud, "p")
    put_in(cloud, east)
    put_in(cloud, plain)
    assert "host1 would be in two availability zones: east, west" in why(put_in(cloud, west, status=409))
    to_west = {"availability_zone": "west"}
    assert "two availability zones" in why(act(cloud, plain, "set_metadata", 400, metadata=to_west))
    assert "two availability zones" in why(call(cloud, "PUT", f"/{plain['id']}", {"aggregate": to_west}, 400))
    same = act(cloud, plain, "set_metadata", metadata={"availability_zone": "east"})
    assert same["availability_zone"] == "east"


def zones(cloud, path="", user="demo"):
    return cloud.call("GET", f"{ROOT}/os-availability-zone{path}", user=user).json["availabilityZoneInfo"]


def test_zones_are_those_that_have_hosts(cloud):
    east = make(cloud, "e", "east")
    assert [zone["zoneName"] for zone in zones(cloud)] == ["nova"]
    put_in(cloud, east)
    assert zones(cloud) == [{"zoneName": "east", "zoneState": {"available": True}, "hosts": None}]
    assert list(zones(cloud, "/detail", "admin")[0]["hosts"]) == ["host1"]
    service = cloud.call("GET", f"{ROOT}/os-services", user="admin").json["services"][0]
    assert service["zone"] == "east"
    body = {"host": "host1", "binary": "nova-compute"}
    cloud.call("PUT", f"{ROOT}/os-services/disable", body, "admin")
    assert zones(cloud)[0]["zoneState"] == {"available": False}


def test_without_hosts_there_is_the_default_zone(cloud):
    with cloud.api.services.store.tx() as tx:
        tx.do(sa.update(tables.host).values(state="new"))
    assert zones(cloud) == [{"zoneName": "nova", "zoneState": {"available": False}, "hosts": None}]


def test_a_zone_does_not_change_under_servers_that_asked_for_it(cloud):
    east, other = make(cloud, "e", "east"), make(cloud, "o")
    put_in(cloud, east)
    server = cloud.create(availability_zone="east")["server"]["id"]
    assert cloud.show(server)["OS-EXT-AZ:availability_zone"] == "east"
    cloud.settle(server, state="ACTIVE", task=None, host_id=cloud.host)
    assert cloud.show(server)["OS-EXT-AZ:availability_zone"] == "east"
    put_in(cloud, other)
    refused = why(act(cloud, east, "remove_host", 409, host="host1"))
    assert "1 servers on host host1 asked for another zone than nova" in refused
    to_west = {"availability_zone": "west"}
    assert "another zone than west" in why(act(cloud, east, "set_metadata", 400, metadata=to_west))
    cloud.settle(server, zone=None)
    assert act(cloud, east, "set_metadata", metadata=to_west)["availability_zone"] == "west"
    assert cloud.show(server)["OS-EXT-AZ:availability_zone"] == "west"


def test_servers_are_listed_by_zone(cloud):
    placed, waiting = cloud.server(), cloud.create(availability_zone="nova")["server"]["id"]
    anywhere = cloud.create()["server"]["id"]

    def listed(zone):
        query = {"availability_zone": zone}
        return {s["id"] for s in cloud.call("GET", f"{ROOT}/servers", params=query).json["servers"]}

    assert (listed("nova"), listed("east")) == ({placed, waiting}, set())
    put_in(cloud, make(cloud, "e", "east"))
    assert (listed("nova"), listed("east")) == ({waiting}, {placed})
    assert cloud.show(anywhere)["OS-EXT-AZ:availability_zone"] == ""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"aggregate": {}}),
        ("", {"aggregate": {"name": " x"}}),
        ("", {"aggregate": {"name": "x" * 256}}),
        ("", {"aggregate": {"name": "x", "availability_zone": "a:b"}}),
        ("", {"aggregate": {"name": "x", "availability_zone": ""}}),
        ("", {"aggregate": {"name": "x", "hosts": ["host1"]}}),
        ("/1/action", {}),
        ("/1/action", {"add_host": {"host": "a"}, "remove_host": {"host": "a"}}),
        ("/1/action", {"add_host": {}}),
        ("/1/action", {"set_metadata": {"metadata": {"a": 1}}}),
        ("/1/action", {"set_metadata": {"metadata": {"availability_zone": "a:b"}}}),
        ("/1/action", {"set_metadata": {"metadata": {"k": "v" * 256}}}),
    ],
)
def test_what_does_not_fit_is_refused(cloud, path, body):
    call(cloud, "POST", path, body, 400)


def test_an_update_says_something(cloud):
    call(cloud, "PUT", f"/{make(cloud, 'x')['id']}", {"aggregate": {}}, 400)


@pytest.mark.parametrize("number", ["0", "x", "9" * 20, "²"])
def test_what_is_not_there_is_404(cloud, number):
    call(cloud, "GET", f"/{number}", status=404)
    call(cloud, "PUT", f"/{number}", {"aggregate": {"name": "x"}}, 404)
    call(cloud, "DELETE", f"/{number}", status=404)
    for body in ({"add_host": {"host": "host1"}}, {"set_metadata": {"metadata": {}}}, {"remove_host": {"host": "x"}}):
        call(cloud, "POST", f"/{number}/action", body, 404)


def test_aggregates_are_for_operators(cloud):
    made = make(cloud, "one")
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"aggregate": {"name": "x"}}),
        ("GET", f"/{made['id']}", None),
        ("PUT", f"/{made['id']}", {"aggregate": {"name": "x"}}),
        ("DELETE", f"/{made['id']}", None),
        ("POST", f"/{made['id']}/action", {"add_host": {"host": "host1"}}),
    ):
        call(cloud, method, path, body, 403, user="demo")


def test_a_host_that_is_removed_leaves(stores, tmp_path):
    with stores.sqlite(tmp_path) as store:
        _removes_a_host(compute(api(store, tmp_path)))


def _removes_a_host(cloud):
    put_in(cloud, make(cloud, "one"))
    with cloud.api.services.store.tx() as tx:
        hosts.remove(tx, cloud.host)
    assert call(cloud, "GET")["aggregates"][0]["hosts"] == []
