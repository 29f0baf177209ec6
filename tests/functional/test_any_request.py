"""Whatever is asked of whatever route, in bodies that are nearly right and in odd queries: nothing ends in a 500."""

import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.api.routes import SERVICES
from tests.services.api import api
from tests.services.compute import Compute, compute

ROUTES = [
    (service.prefix, route)
    for service in SERVICES
    for route in service.routes
    if route.path and route.method != "DELETE"
]
WORDS = [
    *("name", "id", "status", "limit", "marker", "sort_key", "sort_dir", "sort", "fields", "fixed_ips", "ip_version"),
    *("changes-since", "created_at", "size_min", "min_disk", "tag", "power_state", "vm_state", "ip", "deleted", "host"),
    *("metadata", "networks", "min_count", "max_count", "user_data", "key_name", "config_drive", "flavorRef", "ram"),
    *("cidr", "gateway_ip", "allocation_pools", "dns_nameservers", "mac_address", "mtu", "rxtx_factor", "vcpus"),
    *("availability_zone", "policy", "rules", "add_host", "set_metadata", "all_projects", "offset"),
    *("block_device_mapping_v2", "disk", "swap", "tags", "visibility", "properties", "project_id", "shared", "type"),
]
ODD = [None, True, 0, -1, 2**31, 2**63, -(2**63), 1e300, "", "0", "9" * 30, "é😀", "\x01", "a" * 300, "\\", "%", "_"]
LIKELY = [
    "10.9.0.0/24",
    "10.9.0.300",
    "::1",
    "0.0.0.0/0",
    "fa:16:3e:00:00:01",
    "asc",
    "name",
    "gte:2026-01-01",
    "in:a,b",
]
OURS = ["@network", "@subnet", "@image", "@flavor", "@project"]
"""Ids of things that are there; each is put in when the request is made."""

plain = st.sampled_from([*ODD, *LIKELY, *OURS])
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from(WORDS), values, max_size=4)
queries = st.lists(st.tuples(st.sampled_from(WORDS), plain), max_size=4)
GOOD = {
    "servers": ("server", {"name": "x", "imageRef": "@image", "flavorRef": "@flavor"}),
    "flavors": ("flavor", {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}),
    "os-keypairs": ("keypair", {"name": "x"}),
    "os-aggregates": ("aggregate", {"name": "x"}),
    "os-server-groups": ("server_group", {"name": "x", "policies": ["affinity"]}),
    "networks": ("network", {}),
    "subnets": ("subnet", {"network_id": "@network", "cidr": "10.9.0.0/24"}),
    "ports": ("port", {"network_id": "@network"}),
    "users": ("user", {"name": "x", "password": "x"}),
    "projects": ("project", {"name": "x"}),
}
"""Noun -> what a body of its create is called, and what it must have."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(stores, tmp_path_factory, request) -> Compute:
    folder = tmp_path_factory.mktemp("any")
    with getattr(stores, request.param)(folder) as store:
        made = compute(api(store, folder))
        made.vm = made.server()
        yield made


def _filled(cloud: Compute, text: str) -> str:
    return re.sub(r"@(\w+)", lambda found: str(getattr(cloud, found[1], found[0])), text)


@given(
    route=st.sampled_from(ROUTES),
    inner=objects,
    strange=st.none() | values,
    query=queries,
    found=st.booleans(),
    user=st.sampled_from(["demo", "admin", "reader"]),
)
@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_request_ends_in_an_error_of_ours(cloud, route, inner, strange, query, found, user):
    prefix, of = route
    ids = {"server_id": cloud.vm, "flavor_id": "@flavor", "role_id": "member", "domain_id": "default"}
    ids["aggregate_id"] = "1"
    ids |= {f"{noun}_id": f"@{noun}" for noun in ("network", "subnet", "image", "project")}
    path = prefix + re.sub(r"{(\w+)}", lambda name: ids.get(name[1], "x") if found else "x", of.path)
    more = {}
    if of.method == "GET":
        more["query_string"] = _filled(cloud, urlencode([(name, str(value)) for name, value in query], safe="@"))
    else:
        noun, good = GOOD.get(of.path.split("/")[-1] if of.method == "POST" else "", ("", inner))
        body = strange if strange is not None else {noun: good | inner} if noun else good
        more["body"] = _filled(cloud, json.dumps(body))
    answer = cloud.call(of.method, _filled(cloud, path), user=user, **more)
    refused = (501, 503) if of.path.endswith("/file") else (501,)  # no controller holds the image's file
    assert answer.status_code < 500 or answer.status_code in refused, (of.method, path, more, answer.text)
