"""Whatever text tenants send arrives intact or is refused with a 400; nothing breaks on it."""

import json

import pytest

from tests.services.api import api
from tests.services.compute import Compute, compute

INTACT = [
    "<domain type='kvm'>&amp;]]></domain>",
    "quote\" ' `backtick` \\ slash/../..",
    "emoji 😀 and 漢字 and e\u0301",
    "'; DROP TABLE server; --",
    "%s {0} ${HOME} $(reboot)",
    "\u202eright to left",
]
REFUSED = ["a\x00b", "line\nbreak", "tab\tbed", "esc\x1b[31m", "del\x7f", "c1\x85", "", " "]


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("hostile")
    with stores.sqlite(folder) as store:
        yield compute(api(store, folder))


@pytest.mark.parametrize("text", INTACT)
def test_arrives_intact(cloud, text):
    made = cloud.create(name=text, metadata={"note": text})["server"]["id"]
    shown = cloud.show(made)
    assert (shown["name"], shown["metadata"]) == (text, {"note": text})
    found = cloud.call("GET", "/compute/v2.1/servers", params={"name": f"^{text[:3]}"}).json["servers"]
    assert made in {server["id"] for server in found}
    network = cloud.call("POST", "/network/v2.0/networks", {"network": {"name": text, "description": text}})
    identity = network.json["network"]["id"]
    listed = cloud.call("GET", "/network/v2.0/networks", params={"name": text}).json["networks"]
    assert [n["description"] for n in listed] == [text]
    assert cloud.call("DELETE", f"/network/v2.0/networks/{identity}").status_code == 204


@pytest.mark.parametrize("text", REFUSED)
def test_is_refused(cloud, text):
    cloud.create(status=400, name=text)
    if text.strip():
        assert cloud.call("POST", "/network/v2.0/networks", {"network": {"name": text}}).status_code == 400
    flavor = {"name": text, "ram": 1, "vcpus": 1, "disk": 1}
    assert cloud.call("POST", "/compute/v2.1/flavors", {"flavor": flavor}, "admin").status_code == 400


def test_lone_surrogates_and_nul_are_refused_everywhere(cloud):
    for escape in ("\\ud800", "\\u0000"):
        raw = json.dumps({"server": {"name": "x", "imageRef": cloud.image, "flavorRef": "f1", "metadata": {"k": "@"}}})
        answer = cloud.call("POST", "/compute/v2.1/servers", body=raw.replace("@", escape))
        assert answer.status_code == 400
    assert cloud.call("GET", "/compute/v2.1/servers", query_string="name=%00").status_code == 400
    assert cloud.call("GET", "/compute/v2.1/servers/%00").status_code in (400, 404)


def test_control_characters_in_metadata_arrive_intact(cloud):
    made = cloud.create(metadata={"note": "line\nbreak\x1b"})["server"]["id"]
    assert cloud.show(made)["metadata"] == {"note": "line\nbreak\x1b"}
