"""Nobody learns anything of another project's things: every route with an id answers 404 to a foreign tenant."""

import re
from pathlib import Path

import pytest

from controller.api.routes import SERVICES
from controller.db.engine import Store
from tests.services.api import api
from tests.services.compute import Compute, compute

OWNED = {"server_id", "network_id", "subnet_id", "port_id", "image_id", "group_id"}
BODIES = {
    ("PUT", "/v2.1/servers/{server_id}"): {"server": {"name": "mine"}},
    ("POST", "/v2.1/servers/{server_id}/metadata"): {"metadata": {"a": "b"}},
    ("PUT", "/v2.1/servers/{server_id}/metadata"): {"metadata": {"a": "b"}},
    ("PUT", "/v2.1/servers/{server_id}/metadata/{key}"): {"meta": {"key": "b"}},
    ("PATCH", "/v2/images/{image_id}"): [{"op": "replace", "path": "/name", "value": "x"}],
}
ACTIONS = [
    {"os-start": None},
    {"os-stop": None},
    {"reboot": {"type": "HARD"}},
    {"os-getConsoleOutput": {}},
    {"other": {}},
]
ROUTES = [
    (service.prefix, route)
    for service in SERVICES
    for route in service.routes
    if OWNED & set(re.findall(r"{(\w+)}", route.path))
]


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder: Path = tmp_path_factory.mktemp("foreign")
    with stores.sqlite(folder) as store:
        assert isinstance(store, Store)
        yield compute(api(store, folder))


def test_every_service_with_owned_things_is_in_the_matrix():
    assert {prefix for prefix, _ in ROUTES} == {"/compute", "/network", "/image"}


@pytest.mark.parametrize(("prefix", "route"), ROUTES, ids=lambda value: getattr(value, "path", value))
def test_another_projects_thing_is_not_there(cloud, prefix, route):
    things = {
        "server_id": cloud.__dict__.setdefault("vm", None) or cloud.create(metadata={"key": "v"})["server"]["id"],
        "network_id": cloud.network,
        "subnet_id": cloud.subnet,
        "port_id": cloud.__dict__.setdefault("nic", None) or _port(cloud),
        "image_id": cloud.image,
        "group_id": cloud.__dict__.setdefault("group", None) or _group(cloud),
        "key": "key",
        "network": "net",
        "tag": "tag",
    }
    cloud.vm, cloud.nic, cloud.group = things["server_id"], things["port_id"], things["group_id"]
    path = prefix + route.path.format(**things)
    bodies = ACTIONS if path.endswith("/action") else [BODIES.get((route.method, route.path))]
    for body in bodies:
        headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"} if route.method == "PATCH" else {}
        if route.path.endswith("/file") and route.method == "PUT":
            headers = {"Content-Type": "application/octet-stream"}
        answer = cloud.call(route.method, path, body, user="other", headers=headers)
        assert answer.status_code == 404, (route.method, path, answer.text)
    assert cloud.show(cloud.vm)["name"] == "vm"


def _port(cloud: Compute) -> str:
    made: str = cloud.call("POST", "/network/v2.0/ports", {"port": {"network_id": cloud.network}}).json["port"]["id"]
    return made


def _group(cloud: Compute) -> str:
    body = {"server_group": {"name": "g", "policies": ["affinity"]}}
    made: str = cloud.call("POST", "/compute/v2.1/os-server-groups", body).json["server_group"]["id"]
    return made
