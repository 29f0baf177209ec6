import base64
from datetime import timedelta

import pytest

from controller.db import outbox, ports, queries, servers, tables, workflows
from tests.services.api import api
from tests.services.compute import Compute, compute

SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def cloud(sqlite_store, tmp_path) -> Compute:
    return compute(api(sqlite_store, tmp_path))


def test_a_create_is_written_whole_in_one_change(cloud):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0YvhcXg3CRjoTO7dZYFQz5b0Jcpt1jxE0bNcUa0QRt me"
    cloud.call("POST", "/compute/v2.1/os-keypairs", {"keypair": {"name": "key", "public_key": key}})
    answer = cloud.call(
        "POST",
        SERVERS,
        {
            "server": {
                "name": "vm",
                "imageRef": cloud.image,
                "flavorRef": f"http://cloud.test/compute/flavors/{cloud.flavor}",
                "key_name": "key",
                "user_data": base64.b64encode(b"#!/bin/sh").decode(),
                "metadata": {"a": "b"},
                "networks": [{"uuid": cloud.network, "fixed_ip": "10.7.0.9"}],
                "security_groups": [{"name": "default"}],
                "availability_zone": "nova",
                "config_drive": True,
                "min_count": "1",
                "block_device_mapping_v2": [
                    {
                        "uuid": cloud.image,
                        "boot_index": 0,
                        "source_type": "image",
                        "destination_type": "local",
                        "delete_on_termination": True,
                    }
                ],
            }
        },
    )
    assert answer.status_code == 202
    made = answer.json["server"]["id"]
    assert answer.headers["location"] == f"http://cloud.test{SERVERS}/{made}"
    assert "adminPass" not in answer.json["server"]
    with cloud.api.services.store.read() as tx:
        server = servers.get(tx, [made])[made]
        work = workflows.live(tx, [made])[made]
    assert (server.guest.vcpus, server.guest.memory_mib, server.guest.disk_gib) == (1, 512, 2)
    assert (server.public_key, server.asks[0].address, server.generation) == (key, "10.7.0.9", 1)
    assert (work.kind, work.request_id) == ("server.create", answer.headers["x-openstack-request-id"])
    limits = cloud.call("GET", "/compute/v2.1/limits").json["limits"]["absolute"]
    assert (limits["totalInstancesUsed"], limits["totalCoresUsed"], limits["totalRAMUsed"]) == (1, 1, 512)


def test_show_has_every_field_of_2_1(cloud):
    made = cloud.create(metadata={"a": "b"})["server"]["id"]
    shown = cloud.show(made)
    assert shown["status"] == "BUILD"
    assert shown["OS-EXT-STS:vm_state"] == "building"
    assert shown["OS-EXT-STS:task_state"] == "scheduling"
    assert set(shown) == {
        "id", "name", "links", "status", "tenant_id", "user_id", "metadata", "hostId", "image", "flavor", "created",
        "updated", "addresses", "accessIPv4", "accessIPv6", "key_name", "config_drive", "OS-DCF:diskConfig",
        "os-extended-volumes:volumes_attached", "progress", "OS-EXT-STS:vm_state", "OS-EXT-STS:task_state",
        "OS-EXT-STS:power_state", "OS-EXT-AZ:availability_zone", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at",
    }  # fmt: skip
    assert shown["flavor"] == {
        "id": cloud.flavor,
        "links": [{"rel": "bookmark", "href": f"http://cloud.test/compute/flavors/{cloud.flavor}"}],
    }


def test_addresses_fault_and_host_are_shown_to_whom_they_concern(cloud):
    made = cloud.server(
        state="ERROR", seen="crashed", fault={"code": "x", "message": "disk full", "at": "2026-01-01T00:00:00Z"}
    )
    bare = cloud.call("POST", "/network/v2.0/networks", {"network": {"name": "bare"}}).json["network"]["id"]
    with cloud.api.services.store.tx() as tx:
        wish = ports.PortWish(cloud.network, cloud.project, device_id=made, made_by_server=True)
        world = cloud.api.services.world
        wishes = [wish, wish._replace(network_id=bare, position=1)]
        ports.allocate(tx, wishes, now=world.clock.now(), ids=world.ids, limits=world.settings.quota)
    shown, operators = cloud.show(made), cloud.show(made, "admin")
    assert shown["fault"]["message"] == "disk full"
    assert shown["OS-EXT-STS:power_state"] == 6
    assert "OS-EXT-SRV-ATTR:host" not in shown
    assert operators["OS-EXT-SRV-ATTR:host"] == "host1"
    (nic,) = shown["addresses"]["net"]
    assert (nic["addr"], nic["OS-EXT-IPS:type"], nic["version"]) == ("10.7.0.2", "fixed", 4)
    ips = cloud.call("GET", f"{SERVERS}/{made}/ips").json
    assert ips == {"addresses": {"net": [{"version": 4, "addr": "10.7.0.2"}]}}
    assert cloud.call("GET", f"{SERVERS}/{made}/ips/net").json == ips["addresses"]
    assert cloud.call("GET", f"{SERVERS}/{made}/ips/other").status_code == 404
    assert len(shown["hostId"]) == 56


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"flavorRef": "nope"}, "Flavor nope"),
        ({"imageRef": "33333333-3333-4333-8333-333333333333"}, "requested image"),
        ({"imageRef": ""}, "name one image"),
        ({"key_name": "nope"}, "key_name"),
        ({"networks": "auto"}, "networks"),
        ({"networks": "none"}, "networks"),
        ({"networks": [{"port": None}]}, "name a uuid or a port"),
        ({"networks": [{"uuid": "33333333-3333-4333-8333-333333333333"}]}, "could not be found"),
        ({"networks": [{"port": "33333333-3333-4333-8333-333333333333"}]}, "Port id"),
        ({"networks": [{"uuid": "not-a-uuid"}]}, "networks[0].uuid"),
        ({"user_data": "###"}, "base64"),
        ({"user_data": "a" * 65536}, "user_data"),
        ({"min_count": 3, "max_count": 2}, "min_count"),
        ({"max_count": 257}, "max_count"),
        ({"personality": []}, "personality"),
        ({"os:scheduler_hints": {}}, "os:scheduler_hints"),
        ({"block_device_mapping": []}, "block_device_mapping"),
        (
            {"block_device_mapping_v2": [{"uuid": "33333333-3333-4333-8333-333333333333", "source_type": "image"}]},
            "one",
        ),
        ({"availability_zone": "moon"}, "availability_zone"),
        ({"security_groups": [{"name": "web"}]}, "security_groups"),
        ({"OS-DCF:diskConfig": "AUTO"}, "diskConfig"),
        ({"name": ""}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"metadata": {"k" * 256: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 256}}, "metadata"),
    ],
)
def test_a_create_that_cannot_be_is_refused_and_says_why(cloud, fields, message):
    answer = cloud.create(status=400, **fields)
    assert message in answer["badRequest"]["message"]
    assert cloud.call("GET", "/compute/v2.1/limits").json["limits"]["absolute"]["totalInstancesUsed"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"min_ram": 1024}, "memory is too small"),
        ({"min_disk": 3}, "disk is too small"),
        ({"virtual_size": 2 * 1024**3 + 1}, "disk is too small"),
        ({"status": "queued"}, "not active"),
        ({"properties": {"hw_disk_bus": "floppy"}}, "hw_disk_bus"),
        ({"properties": {"hw_unknown": "1"}}, "hw_unknown"),
    ],
)
def test_image_and_flavor_must_fit_together(cloud, fields, message):
    other = cloud.image_with(id="44444444-4444-4444-8444-444444444444", **fields)
    assert message in cloud.create(status=400, imageRef=other)["badRequest"]["message"]


def test_a_flavor_without_disk_takes_the_image_size(cloud):
    flavor = {"id": "f0", "name": "any", "ram": 64, "vcpus": 1, "disk": 0}
    cloud.call("POST", "/compute/v2.1/flavors", {"flavor": flavor}, "admin")
    made = cloud.create(flavorRef="f0")["server"]["id"]
    with cloud.api.services.store.read() as tx:
        assert servers.get(tx, [made])[made].guest.disk_gib == 1


def test_several_at_once_are_numbered_and_share_a_reservation(cloud):
    answer = cloud.create(min_count=2, max_count=3, return_reservation_id=True)
    listed = cloud.call("GET", SERVERS, params={"reservation_id": answer["reservation_id"], "sort_key": "name"}).json
    assert sorted(s["name"] for s in listed["servers"]) == ["vm-1", "vm-2", "vm-3"]
    refused = cloud.create(status=400, max_count=2, networks=[{"uuid": cloud.network, "fixed_ip": "10.7.0.9"}])
    assert "one at a time" in refused["badRequest"]["message"]


def test_quota_lets_through_as_many_as_fit_between_min_and_max(cloud):
    with cloud.api.services.store.tx() as tx:
        tx.put(tables.quota_use, [{"project_id": cloud.project, "resource": "servers", "used": 0, "max": 2}])
        tx.put(tables.quota_use, [{"project_id": cloud.project, "resource": "cores", "used": 0, "max": -1}])
    cloud.create(max_count=5)
    assert len(cloud.call("GET", SERVERS).json["servers"]) == 2
    refused = cloud.create(status=403)["forbidden"]["message"]
    assert "servers" in refused


def test_without_networks_asked_for_there_must_be_just_one(cloud):
    cloud.create(networks=[])
    cloud.create(user="other", imageRef=cloud.image, status=400)
    cloud.call("POST", "/network/v2.0/networks", {"network": {"name": "second"}})
    assert "Network ID" in cloud.create(status=409)["conflictingRequest"]["message"]


def test_a_port_is_held_from_the_start(cloud):
    port = cloud.call("POST", "/network/v2.0/ports", {"port": {"network_id": cloud.network}}).json["port"]["id"]
    asked = [{"uuid": cloud.network}, {"port": port}]
    assert "twice" in cloud.create(status=400, networks=[*asked, {"port": port}])["badRequest"]["message"]
    both = [{"port": port, "fixed_ip": "10.7.0.9"}]
    assert "leave fixed_ip out" in cloud.create(status=400, networks=both)["badRequest"]["message"]
    made = cloud.create(networks=asked)["server"]["id"]
    shown = cloud.call("GET", f"/network/v2.0/ports/{port}").json["port"]
    assert (shown["device_id"], shown["device_owner"]) == (made, "compute:nova")
    assert "in use" in cloud.create(status=409, networks=[{"port": port}])["conflictingRequest"]["message"]
    assert cloud.call("DELETE", f"/network/v2.0/ports/{port}").status_code == 409


def test_delete_supersedes_and_once_more_is_harmless(cloud):
    made = cloud.create()["server"]["id"]
    for _ in range(2):
        assert cloud.call("DELETE", f"{SERVERS}/{made}").status_code == 204
    with cloud.api.services.store.read() as tx:
        server = servers.get(tx, [made])[made]
        work = workflows.of_subject(tx, made)
    assert (server.power, server.task, server.generation) == ("gone", "deleting", 2)
    assert sorted((w.kind, w.state) for w in work) == [("server.create", "superseded"), ("server.delete", "live")]
    cloud.settle(made, state="DELETED")
    assert cloud.call("DELETE", f"{SERVERS}/{made}").status_code == 404
    assert cloud.call("GET", f"{SERVERS}/{made}").status_code == 404
    assert cloud.call("PUT", f"{SERVERS}/{made}", {"server": {"name": "x"}}).status_code == 404


def test_metadata_has_a_limit_from_the_start(cloud):
    assert "128" in cloud.create(status=403, metadata={f"k{i}": "" for i in range(129)})["forbidden"]["message"]


def test_rename(cloud):
    made = cloud.create()["server"]["id"]
    assert cloud.call("PUT", f"{SERVERS}/{made}", {"server": {"name": "new"}}).json["server"]["name"] == "new"


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        ({"os-stop": None}, "ACTIVE", ("ACTIVE", "off", "powering-off", "server.stop")),
        ({"os-start": None}, "SHUTOFF", ("SHUTOFF", "on", "powering-on", "server.start")),
        ({"reboot": {"type": "SOFT"}}, "ACTIVE", ("REBOOT", "on", "rebooting", "server.reboot")),
        ({"reboot": {"type": "HARD"}}, "SHUTOFF", ("HARD_REBOOT", "on", "rebooting_hard", "server.reboot")),
    ],
)
def test_an_action_writes_the_wish_and_begins_its_workflow(cloud, body, before, after):
    made = cloud.server(state=before)
    assert cloud.call("POST", f"{SERVERS}/{made}/action", body).status_code == 202
    with cloud.api.services.store.read() as tx:
        server = servers.get(tx, [made])[made]
        work = workflows.live(tx, [made])[made]
    assert (server.state, server.power, server.task, work.kind) == after
    assert server.generation == 2
    assert work.data == ({"restart": body["reboot"]["type"].lower()} if "reboot" in body else {})
    again = cloud.call("POST", f"{SERVERS}/{made}/action", body)
    assert again.status_code == 409
    assert "wait" in again.json["conflictingRequest"]["message"]


def test_actions_that_the_state_forbids(cloud):
    made = cloud.server(state="SHUTOFF")
    refused = cloud.call("POST", f"{SERVERS}/{made}/action", {"os-stop": None})
    assert refused.status_code == 409
    assert "SHUTOFF" in refused.json["conflictingRequest"]["message"]
    cloud.settle(made, state="ERROR", host_id=None)
    assert "never got a host" in cloud.call("POST", f"{SERVERS}/{made}/action", {"os-start": None}).text
    assert cloud.call("POST", f"{SERVERS}/{made}/action", {"resize": {}}).status_code == 400
    assert cloud.call("POST", f"{SERVERS}/{made}/action", {"os-stop": None, "os-start": None}).status_code == 400
    busy = cloud.create(name="busy")["server"]["id"]
    assert "scheduling" in cloud.call("POST", f"{SERVERS}/{busy}/action", {"os-stop": None}).text


def test_console_output_is_asked_of_the_host_and_waited_for(cloud, monkeypatch):
    made = cloud.server()
    path, body = f"{SERVERS}/{made}/action", {"os-getConsoleOutput": {"length": 5}}
    told = []

    def wait(query, timeout):
        with cloud.api.services.store.read() as tx:
            (entry,) = [e for e in outbox.OUTBOX.read(tx, outbox.OUTBOX.select()) if e.id == query]
            assert queries.servers(tx, [query]) == {query: made}
        told.append((entry.verb, entry.host_id, entry.body))
        return answers.pop(0)

    from common import wire

    answers = [wire.Answer(query="q", text="login:"), wire.Answer(query="q", code="gone-on-host", reason="no log")]
    monkeypatch.setattr(cloud.api.services.answers, "wait", wait)
    assert cloud.call("POST", path, body).json == {"output": "login:"}
    assert told[0][:2] == ("query", cloud.host)
    assert '"length":5' in told[0][2]
    refused = cloud.call("POST", path, {"os-getConsoleOutput": {"length": -1}})
    assert refused.status_code == 409
    assert "no log" in refused.text
    cloud.settle(made, host_id=None)
    assert cloud.call("POST", path, body).status_code == 409


def test_console_of_a_silent_host_is_503(cloud, monkeypatch):
    made = cloud.server()
    monkeypatch.setattr("controller.api.compute.handlers.server_actions.CONSOLE_SECONDS", 0.0)
    answer = cloud.call("POST", f"{SERVERS}/{made}/action", {"os-getConsoleOutput": {}})
    assert answer.status_code == 503


def test_console_of_a_host_that_is_away_is_not_asked_for(cloud):
    made = cloud.server()
    store, now = cloud.api.services.store, cloud.api.clock.now()

    def lease_until(at):
        with store.tx() as tx:
            tx.change(tables.host, [{"id": cloud.host, "lease_until": at}])
            return len(tx.rows(tables.query.select()))

    before = lease_until(now)
    answer = cloud.call("POST", f"{SERVERS}/{made}/action", {"os-getConsoleOutput": {}})
    assert (answer.status_code, "is away" in answer.text) == (503, True)
    assert lease_until(now + timedelta(hours=1)) == before


def test_metadata(cloud):
    path = f"{SERVERS}/{cloud.create(metadata={'a': '1'})['server']['id']}/metadata"
    assert cloud.call("POST", path, {"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert cloud.call("PUT", f"{path}/c", {"meta": {"c": "3"}}).json == {"meta": {"c": "3"}}
    assert cloud.call("PUT", f"{path}/c", {"meta": {"d": "3"}}).status_code == 400
    assert cloud.call("GET", f"{path}/c").json == {"meta": {"c": "3"}}
    assert cloud.call("DELETE", f"{path}/a").status_code == 204
    assert cloud.call("DELETE", f"{path}/a").status_code == 404
    assert cloud.call("GET", f"{path}/a").status_code == 404
    assert cloud.call("GET", path).json == {"metadata": {"b": "2", "c": "3"}}
    assert cloud.call("PUT", path, {"metadata": {"z": "9"}}).json == {"metadata": {"z": "9"}}
    assert cloud.call("POST", path, {"metadata": {f"k{i}": "v" for i in range(128)}}).status_code == 403


def test_timeline(cloud):
    from common.model.workflow import Moment
    from controller.db import timeline

    made = cloud.create()["server"]["id"]
    with cloud.api.services.store.tx() as tx:
        at = cloud.api.clock.now()
        moment = Moment(
            id="m", workflow_id="w", subject=made, kind="server.create", step="claim", outcome="done", at=at, detail="h"
        )
        timeline.add(tx, [moment])
    assert cloud.call("GET", f"{SERVERS}/{made}/toft-timeline").json["timeline"] == [
        {
            "at": "2026-01-01T00:00:00.000000Z",
            "workflow_id": "w",
            "workflow": "server.create",
            "step": "claim",
            "outcome": "done",
            "detail": "h",
        }
    ]
