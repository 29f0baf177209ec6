"""The same Idempotency-Key gives the same answer, byte by byte, and makes one thing; with another body it is 409."""

import dataclasses

import pytest

from controller.api import app
from controller.db import tables
from controller.writer.answers import Answers
from controller.writer.group import GroupWriter
from tests.services.api import api
from tests.services.compute import Compute, compute

PORT, KEYPAIR = "/network/v2.0/ports", "/compute/v2.1/os-keypairs"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("idempotency")
    with stores.sqlite(folder) as store:
        made = api(store, folder)
        sealed = made.services.secrets.answers
        writer = GroupWriter(store, made.services.world, Answers(sealed.encrypt, sealed.decrypt))
        made.services = dataclasses.replace(made.services, writer=writer)
        made.app = app.make(made.services)
        yield compute(made)


CREATES = [
    ("/compute/v2.1/servers", "server", {"name": "vm", "imageRef": "@image", "flavorRef": "f1"}, tables.server),
    (KEYPAIR, "keypair", {"name": "made"}, tables.keypair),
    ("/compute/v2.1/flavors", "flavor", {"name": "once", "ram": 1, "vcpus": 1, "disk": 1}, tables.flavor),
    ("/network/v2.0/networks", "network", {"name": "once"}, tables.network),
    (PORT, "port", {"network_id": "@network"}, tables.port),
]


@pytest.mark.parametrize(("path", "noun", "body", "table"), CREATES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_create_is_done_once(cloud, path, noun, body, table):
    user = "admin" if noun == "flavor" else "demo"
    spec = {k: getattr(cloud, v[1:]) if isinstance(v, str) and v.startswith("@") else v for k, v in body.items()}
    key = {"Idempotency-Key": f"key-{noun}"}

    def count() -> int:
        with cloud.api.services.store.read() as tx:
            return len(tx.rows(table.select()))

    before = count()
    first = cloud.call("POST", path, {noun: spec}, user, headers=key)
    assert first.status_code < 300, first.text
    if noun != "keypair":  # a pair is made anew for each request; the kept answer is the first one's
        assert cloud.call("POST", path, {noun: spec | {"name": "other"}}, user, headers=key).status_code == 409
    again = cloud.call("POST", path, {noun: spec}, user, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert count() == before + 1


def test_deletes_and_actions_are_answered_again(cloud):
    server = cloud.server()
    for method, path, body in (
        ("POST", f"/compute/v2.1/servers/{server}/action", {"os-stop": None}),
        ("DELETE", f"/compute/v2.1/servers/{server}", None),
    ):
        key = {"Idempotency-Key": f"{method} {path}"[:255]}
        first = cloud.call(method, path, body, headers=key)
        again = cloud.call(method, path, body, headers=key)
        assert first.status_code == again.status_code < 300


def test_another_user_of_the_project_is_not_given_the_answer(cloud):
    """Two people of one project may choose the same plain key and body; a private key is told to one of them."""
    admin = cloud.call("GET", "/identity/v3/users", user="admin", params={"name": "admin"}).json["users"][0]["id"]
    grant = f"/identity/v3/projects/{cloud.project}/users/{admin}/roles/member"
    assert cloud.call("PUT", grant, user="admin").status_code == 204
    key = {"Idempotency-Key": "my-key"}
    first = cloud.call("POST", KEYPAIR, {"keypair": {"name": "mine"}}, headers=key)
    assert first.status_code == 200
    cloud.tokens["colleague"] = cloud.api.login("admin", project="demo")
    other = cloud.call("POST", KEYPAIR, {"keypair": {"name": "mine"}}, "colleague", headers=key)
    assert (other.status_code, "PRIVATE" in other.text) == (409, False)
