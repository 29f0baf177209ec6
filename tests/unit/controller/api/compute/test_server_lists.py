"""Lists of servers: filters, sorting and pages."""

import pytest

from tests.services.api import api
from tests.services.compute import Compute, compute

SERVERS = "/compute/v2.1/servers"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(stores, tmp_path_factory, request) -> Compute:
    folder = tmp_path_factory.mktemp("lists")
    with getattr(stores, request.param)(folder) as store:
        made = compute(api(store, folder))
        for name in ("web-1", "web-2", "db_1", "100%", "a.b"):
            made.create(name=name)
            made.api.clock.advance(1)
        gone = made.create(name="gone")["server"]["id"]
        made.settle(gone, state="DELETED")
        active = names(made, name="web-1", ids=True)[0]
        made.settle(active, state="ACTIVE", task=None, seen="on", key_name="mine", host_id=made.host)
        yield made


def names(cloud, user="demo", ids=False, **params):
    answer = cloud.call("GET", SERVERS, user=user, params=params, params_csv=False)
    assert answer.status_code == 200, answer.text
    return [server["id" if ids else "name"] for server in answer.json["servers"]]


ALL = ["a.b", "100%", "db_1", "web-2", "web-1"]


def test_newest_first_and_none_of_the_deleted(cloud):
    assert names(cloud) == ALL
    assert names(cloud, deleted="True") == ALL
    assert names(cloud, user="admin", all_tenants="1", deleted="True") == ["gone"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web", ["web-2", "web-1"]),
        ("^web-1$", ["web-1"]),
        ("^1", ["100%"]),
        ("1$", ["db_1", "web-1"]),
        ("w.b", ["web-2", "web-1"]),
        ("a\\.b", ["a.b"]),
        ("d.*1", ["db_1"]),
        ("_", ["db_1"]),
        ("%", ["100%"]),
        ("(a+)+$", []),
        ("WEB", ["web-2", "web-1"]),
        ("'; DROP TABLE server", []),
        ("^$", []),
        ("", ALL),
        ("^", ALL),
    ],
)
def test_names_are_patterns(cloud, name, found):
    assert names(cloud, name=name) == found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"status": "active"}, ["web-1"]),
        ({"status": ["ACTIVE", "BUILD"]}, ALL),
        ({"status": "nonsense"}, []),
        ({"flavor": "f1"}, ALL),
        ({"flavor": "other"}, []),
        ({"image": "http://x/images/11111111-1111-4111-8111-111111111111"}, ALL),
        ({"user_id": "nobody"}, []),
        ({"ip": "10.7"}, []),
        ({"host": "host1"}, ALL),
        ({"sort_key": "display_name", "sort_dir": "asc"}, ["100%", "a.b", "db_1", "web-1", "web-2"]),
        ({"sort_key": ["vm_state", "created_at"], "sort_dir": ["asc"]}, ["web-1", "a.b", "100%", "db_1", "web-2"]),
        ({"unknown": "x"}, ALL),
        ({"vm_state": "active"}, ["web-1"]),
        ({"vm_state": "building", "status": "ACTIVE"}, []),
        ({"vm_state": "nonsense"}, []),
        ({"task_state": "scheduling"}, ["a.b", "100%", "db_1", "web-2"]),
        ({"power_state": "0"}, ["a.b", "100%", "db_1", "web-2"]),
        ({"power_state": "1"}, ["web-1"]),
        ({"power_state": "7"}, []),
        ({"key_name": "mine"}, ["web-1"]),
        ({"config_drive": "True"}, ALL),
        ({"config_drive": ""}, []),
        ({"availability_zone": "nova"}, ["web-1"]),  # the only one on a host
        ({"availability_zone": "elsewhere"}, []),
        ({"ip6": "fe80"}, []),
    ],
)
def test_filters(cloud, params, found):
    assert names(cloud, **params) == found


def test_what_only_operators_ask(cloud):
    assert names(cloud, "admin") == []
    assert names(cloud, "admin", all_tenants="", project_id=cloud.project) == ALL
    assert names(cloud, "admin", all_tenants="1", host="host1") == ["web-1"]
    assert names(cloud, "admin", all_tenants="1", host="nope") == []
    assert cloud.call("GET", SERVERS, params={"all_tenants": "1"}).status_code == 403
    assert cloud.call("GET", SERVERS, params={"all_tenants": "perhaps"}).status_code == 400


def test_changes_since_shows_the_deleted_too(cloud):
    assert names(cloud, **{"changes-since": "2026-01-01T00:00:05Z"}) == ["gone"]
    assert len(names(cloud, **{"changes-since": "2026-01-01T00:00:00"})) == 6
    assert cloud.call("GET", SERVERS, params={"changes-since": "yesterday"}).status_code == 400


@pytest.mark.parametrize("sort", [{}, {"sort_key": "name"}, {"sort_key": ["vm_state", "name"], "sort_dir": ["asc"]}])
def test_pages_join_to_the_whole(cloud, sort):
    seen, path, params = [], f"{SERVERS}/detail", {"limit": 2} | sort
    while path:
        page = cloud.call("GET", path, params=params, params_csv=False).json
        seen += [server["name"] for server in page["servers"]]
        path = page.get("servers_links", [{"href": ""}])[0]["href"].removeprefix("http://cloud.test")
        params = None
    assert seen == names(cloud, **sort)
    assert cloud.call("GET", SERVERS, params={"marker": "nope"}).status_code == 400
