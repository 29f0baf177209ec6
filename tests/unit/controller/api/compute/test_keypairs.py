import pytest
from cryptography.hazmat.primitives import serialization

from tests.services.api import Api, api

PATH = "/compute/v2.1/os-keypairs"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YvhcXg3CRjoTO7dZYFQz5b0Jcpt1jxE0bNcUa0QRt me"


@pytest.fixture(scope="module")
def served(stores, tmp_path_factory) -> Api:
    folder = tmp_path_factory.mktemp("keypairs")
    with stores.sqlite(folder) as store:
        yield api(store, folder)


def make(served, status=200, user="demo", **fields):
    answer = served.call("POST", PATH, user, json={"keypair": fields})
    assert answer.status_code == status, answer.text
    return answer.json


def test_a_public_key_is_kept_for_its_user_alone(served):
    made = make(served, name="mine", public_key=f"{KEY}\n")["keypair"]
    assert "private_key" not in made
    assert len(made["fingerprint"].split(":")) == 16
    shown = served.call("GET", f"{PATH}/mine").json["keypair"]
    assert (shown["public_key"], shown["fingerprint"], shown["deleted"]) == (KEY, made["fingerprint"], False)
    assert isinstance(shown["id"], int)
    for user in ("other", "admin", "reader"):
        assert served.call("GET", f"{PATH}/mine", user).status_code == 404
    assert served.call("DELETE", f"{PATH}/mine", "other").status_code == 404
    make(served, 409, name="mine", public_key=KEY)
    assert served.call("DELETE", f"{PATH}/mine").status_code == 202
    assert served.call("DELETE", f"{PATH}/mine").status_code == 404


def test_a_pair_is_made_and_its_private_half_is_told_once(served):
    made = make(served, name="made")["keypair"]
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert made["public_key"].startswith(public.decode())
    assert "private_key" not in served.call("GET", f"{PATH}/made").json["keypair"]


def test_lists_come_in_pages_by_name(served):
    for name in ("a1", "a2", "a3"):
        make(served, name=name, public_key=KEY, user="other")
    first = served.call("GET", PATH, "other", params={"limit": 2}).json
    assert [k["keypair"]["name"] for k in first["keypairs"]] == ["a1", "a2"]
    rest = served.call("GET", first["keypairs_links"][0]["href"].removeprefix("http://cloud.test"), "other").json
    assert [k["keypair"]["name"] for k in rest["keypairs"]] == ["a3"]


@pytest.mark.parametrize("name", ["", "a.b", "a@b", "ä", " a", "x" * 256, 'a"b', "a<b>", None])
def test_names_are_letters_digits_blanks_and_dashes(served, name):
    make(served, 400, name=name, public_key=KEY)


@pytest.mark.parametrize("key", ["ssh-rsa", "nonsense", f"{KEY}\n{KEY}", "ssh-ed25519 AAAA me", "ssh-dss AAAA", "x y"])
def test_what_is_no_key_is_refused(served, key):
    assert "invalid" in make(served, 400, name="bad", public_key=key)["badRequest"]["message"]


def test_a_user_may_have_so_many(served):
    with served.services.store.tx() as tx:
        from controller.db import quotas

        who = served.call(
            "GET", "/identity/v3/auth/tokens", "admin", headers={"X-Subject-Token": served.login("admin")}
        )
        quotas.set_max(tx, served.services.settings.quota, who.json["token"]["user"]["id"], "keypairs", 1)
    make(served, user="admin", name="one", public_key=KEY)
    make(served, 403, user="admin", name="two", public_key=KEY)
    assert served.call("DELETE", f"{PATH}/one", "admin").status_code == 202
    make(served, user="admin", name="two", public_key=KEY)


def test_readers_make_none(served):
    make(served, 403, user="reader", name="x", public_key=KEY)
