"""Where new servers may go: what a create may say of it, and what becomes of that."""

import pytest

from controller.db import servers, tables
from tests.services.api import api
from tests.services.compute import Compute, compute

UNKNOWN = "33333333-3333-4333-8333-333333333333"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("hints")
    with stores.sqlite(folder) as store:
        made = compute(api(store, folder))
        with store.tx() as tx:
            tx.change(tables.image, [{"id": made.image, "visibility": "public"}])
        yield made


def create(cloud, hints=None, user="demo", status=202, key="os:scheduler_hints", **fields):
    body = {"server": {"name": "vm", "imageRef": cloud.image, "flavorRef": cloud.flavor} | fields}
    if hints is not None:
        body[key] = hints
    answer = cloud.call("POST", "/compute/v2.1/servers", body, user)
    assert answer.status_code == status, answer.text
    return answer.json["server"]["id"] if status == 202 else next(iter(answer.json.values()))["message"]


def kept(cloud, server):
    with cloud.api.services.store.read() as tx:
        found = servers.get(tx, [server])[server]
    return found.zone, found.hints, found.group_id


def test_a_server_may_go_anywhere(cloud):
    assert kept(cloud, create(cloud)) == kept(cloud, create(cloud, {})) == (None, {}, None)
    assert kept(cloud, create(cloud, availability_zone=None)) == (None, {}, None)


@pytest.mark.parametrize("key", ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"])
def test_hints_name_servers_of_the_project(cloud, key):
    one, two = create(cloud), create(cloud)
    made = create(cloud, {"same_host": one, "different_host": [one, two]}, key=key)
    assert kept(cloud, made) == (None, {"same_host": [one], "different_host": [one, two]}, None)
    foreign = create(cloud, user="admin")
    for server in (UNKNOWN, foreign):
        assert f"hint same_host: there is no server {server}" in create(cloud, {"same_host": server}, status=400)
        assert "hint different_host" in create(cloud, {"different_host": [one, server]}, status=400)


def test_a_server_that_is_deleted_is_no_neighbour(cloud):
    gone = create(cloud)
    cloud.settle(gone, state="DELETED")
    assert "hint same_host" in create(cloud, {"same_host": gone}, status=400)


def test_operators_choose_the_host(cloud):
    by_name = kept(cloud, create(cloud, {"host": "host1"}, "admin"))
    assert by_name == (None, {"host": cloud.host}, None)
    for zone in ("nova:host1", "nova:host1:host1", "nova::host1"):
        made = create(cloud, availability_zone=zone, user="admin")
        assert kept(cloud, made) == ("nova", {"host": cloud.host}, None)
    assert kept(cloud, create(cloud, {"host": "host1"}, "admin", availability_zone=":host1"))[0] is None


@pytest.mark.parametrize(
    ("hints", "zone", "message"),
    [
        ({"host": "moon"}, None, "there is no host moon"),
        (None, "nova:moon", "there is no host moon"),
        (None, "east", "availability_zone: there is no zone east"),
        (None, "east:host1", "availability_zone: there is no zone east"),
        (None, "nova:host1:host2", "host1, host2 are named"),
        ({"host": "host2"}, "nova:host1", "host1, host2 are named"),
        (None, "a:b:c:d", "write zone, zone:host or zone:host:node"),
    ],
)
def test_contradictions_are_refused(cloud, hints, zone, message):
    assert message in create(cloud, hints, "admin", 400, availability_zone=zone)


def test_a_host_is_in_the_zone_that_is_named(cloud):
    aggregate = {"aggregate": {"name": "e", "availability_zone": "east"}}
    number = cloud.call("POST", "/compute/v2.1/os-aggregates", aggregate, "admin").json["aggregate"]["id"]
    action = f"/compute/v2.1/os-aggregates/{number}/action"
    cloud.call("POST", action, {"add_host": {"host": "host1"}}, "admin")
    assert "host1 is in east, not in nova" in create(cloud, user="admin", status=400, availability_zone="nova:host1")
    assert kept(cloud, create(cloud, availability_zone="east")) == ("east", {}, None)
    cloud.call("POST", action, {"remove_host": {"host": "host1"}}, "admin")


@pytest.mark.parametrize(
    ("hints", "zone"),
    [({"host": "host1"}, None), (None, "nova:host1"), (None, "nova::host1")],
)
def test_only_operators_choose_the_host(cloud, hints, zone):
    assert "create:on_host" in create(cloud, hints, status=403, availability_zone=zone)


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ({"query": '[">=","$free_ram_mb",1024]'}, "trait:"),
        ({"query": ["=", 1]}, "extra specs"),
        ({"cidr": "/24"}, "cidr"),
        ({"target_cell": "a"}, "target_cell"),
        ({"same_host": "vm1"}, "same_host"),
        ({"same_host": [UNKNOWN] * 65}, "same_host"),
        ({"group": "web"}, "group"),
        ([], "scheduler_hints"),
    ],
)
def test_hints_that_are_not_offered_are_refused_by_name(cloud, hints, message):
    assert message in create(cloud, hints, status=400)


def test_hints_are_written_once(cloud):
    body = {"server": {"name": "vm", "imageRef": cloud.image, "flavorRef": cloud.flavor}}
    body |= {"os:scheduler_hints": {}, "OS-SCH-HNT:scheduler_hints": {}}
    answer = cloud.call("POST", "/compute/v2.1/servers", body)
    assert (answer.status_code, "write the hints once" in answer.text) == (400, True)
