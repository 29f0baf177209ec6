"""Server groups: their policies, members and quotas."""

import pytest

from controller.db import groups, quotas
from tests.services.api import api
from tests.services.compute import Compute, compute

GROUPS = "/compute/v2.1/os-server-groups"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(stores, tmp_path_factory, request) -> Compute:
    folder = tmp_path_factory.mktemp("groups")
    with getattr(stores, request.param)(folder) as store:
        yield compute(api(store, folder))


@pytest.fixture(autouse=True)
def _emptied(cloud):
    yield
    for group in call(cloud, "GET", params={"all_projects": ""}, user="admin")["server_groups"]:
        call(cloud, "DELETE", f"/{group['id']}", status=204, user="admin")


def call(cloud, method, path="", body=None, status=200, user="demo", **more):
    answer = cloud.call(method, f"{GROUPS}{path}", body, user, **more)
    assert answer.status_code == status, answer.text
    return answer.json if answer.content else None


def make(cloud, status=200, user="demo", **fields):
    body = {"name": "g"} | (fields or {"policies": ["anti-affinity"]})
    answer = call(cloud, "POST", body={"server_group": body}, status=status, user=user)
    return answer["server_group"] if status == 200 else next(iter(answer.values()))["message"]


def hint(group):
    return {"os:scheduler_hints": {"group": group["id"]}}


def create(cloud, group, status=202, **fields):
    body = {"server": {"name": "vm", "imageRef": cloud.image, "flavorRef": cloud.flavor} | fields} | hint(group)
    answer = cloud.call("POST", "/compute/v2.1/servers", body)
    assert answer.status_code == status, answer.text
    return answer.json["server"]["id"] if status == 202 else next(iter(answer.json.values()))["message"]


def members(cloud, group):
    return call(cloud, "GET", f"/{group['id']}")["server_group"]["members"]


def test_a_group_is_made_shown_listed_and_deleted(cloud):
    made = make(cloud, policies=["affinity"])
    assert made == {"id": made["id"], "name": "g", "policies": ["affinity"], "members": [], "metadata": {}}
    assert call(cloud, "GET", f"/{made['id']}") == {"server_group": made}
    assert call(cloud, "GET") == {"server_groups": [made]}
    call(cloud, "DELETE", f"/{made['id']}", status=204)
    call(cloud, "GET", f"/{made['id']}", status=404)
    call(cloud, "DELETE", f"/{made['id']}", status=404)


def test_a_host_may_have_several_members_where_a_rule_says_so(cloud):
    made = make(cloud, policy="anti-affinity", rules={"max_server_per_host": "3"})
    assert made["rules"] == {"max_server_per_host": 3}
    with cloud.api.services.store.read() as tx:
        assert groups.get(tx, [made["id"]])[made["id"]].limit == 3
    assert "anti-affinity" in make(cloud, 400, policy="affinity", rules={"max_server_per_host": 3})
    assert "rules" not in make(cloud, policy="soft-affinity", rules={})


@pytest.mark.parametrize(
    "fields",
    [
        {"policies": []},
        {"policies": ["affinity", "anti-affinity"]},
        {"policies": ["legacy"]},
        {"policy": "legacy"},
        {"policy": "affinity", "policies": ["affinity"]},
        {"rules": {}},
        {"policy": "anti-affinity", "rules": {"max_server_per_host": 0}},
        {"policy": "anti-affinity", "rules": {"max_server_per_host": "many"}},
        {"policy": "anti-affinity", "rules": {"other": 1}},
        {"policy": "affinity", "name": ""},
        {"policy": "affinity", "name": "x" * 256},
    ],
)
def test_what_does_not_fit_is_refused(cloud, fields):
    make(cloud, 400, **fields)


def test_a_group_is_its_projects(cloud):
    made = make(cloud)
    call(cloud, "GET", f"/{made['id']}", status=404, user="other")
    call(cloud, "DELETE", f"/{made['id']}", status=404, user="other")
    assert call(cloud, "GET", user="other", params={"all_projects": "True"}) == {"server_groups": []}
    assert call(cloud, "GET", user="admin") == {"server_groups": []}
    assert call(cloud, "GET", user="admin", params={"all_projects": "True"}) == {"server_groups": [made]}
    assert call(cloud, "GET", f"/{made['id']}", user="reader") == {"server_group": made}
    make(cloud, 403, user="reader")
    call(cloud, "DELETE", f"/{made['id']}", status=403, user="reader")


def test_lists_come_in_pages(cloud):
    ids = [make(cloud)["id"] for _ in range(3)]

    def page(**params):
        return [group["id"] for group in call(cloud, "GET", params=params)["server_groups"]]

    assert (page(limit=2), page(limit=2, offset=2), page(limit=0)) == (ids[:2], ids[2:], [])
    call(cloud, "GET", params={"offset": -1}, status=400)


def test_servers_join_at_their_create(cloud):
    group = make(cloud)
    first = create(cloud, group)
    create(cloud, group, min_count=2)
    shown = members(cloud, group)
    assert (shown[0], len(shown)) == (first, 3)
    with cloud.api.services.store.tx() as tx:
        groups.leave(tx, shown[:2])
    assert members(cloud, group) == shown[2:]
    call(cloud, "DELETE", f"/{group['id']}", status=204)
    assert cloud.show(first)["id"] == first


def test_a_group_that_is_not_there_is_refused(cloud):
    gone = make(cloud)
    call(cloud, "DELETE", f"/{gone['id']}", status=204)
    assert "hint group" in create(cloud, gone, 400)
    assert "hint group" in create(cloud, make(cloud, user="other"), 400)


def test_a_project_has_so_many_groups(cloud):
    limits = cloud.api.services.settings.quota
    for _ in range(limits.server_groups):
        make(cloud)
    assert "server_groups" in make(cloud, 403)
    absolute = cloud.call("GET", "/compute/v2.1/limits").json["limits"]["absolute"]
    assert (absolute["maxServerGroups"], absolute["totalServerGroupsUsed"]) == (10, 10)
    assert absolute["maxServerGroupMembers"] == 10


def test_a_group_has_so_many_members(cloud):
    group = make(cloud)
    create(cloud, group, min_count=1, max_count=8)
    assert "too many servers in group: Requested 3, but it has 8 of 10" in create(cloud, group, 403, min_count=3)
    with cloud.api.services.store.read() as tx:
        used = quotas.usage(tx, cloud.api.services.settings.quota, cloud.project)["servers"].used
    create(cloud, group, min_count=1, max_count=5)
    assert len(members(cloud, group)) == 10
    with cloud.api.services.store.read() as tx:
        assert quotas.usage(tx, cloud.api.services.settings.quota, cloud.project)["servers"].used == used + 2
