"""What would fit, what would have to move, what is in pieces, and what was decided: on the live ledger."""

from dataclasses import replace

import pytest

from controller.scheduler import recording
from controller.scheduler.exact import ExactScheduler
from controller.workflow.registry import WORKFLOWS
from controller.workflow.runner import Runner
from tests.services.api import api
from tests.services.clouds import add_host, inventory
from tests.services.compute import Compute, compute

TOFT = "/toft/v1"
SERVERS = "/compute/v2.1/servers"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("whatif")
    with stores.sqlite(folder) as store:
        made = compute(api(store, folder))
        for name, vcpus, ram in (("large", 4, 4096), ("huge", 16, 8192)):
            body = {"flavor": {"id": name, "name": name, "ram": ram, "vcpus": vcpus, "disk": 2}}
            assert made.call("POST", "/compute/v2.1/flavors", body, "admin").status_code == 200
        yield made


def run(cloud: Compute) -> None:
    """Let the workflows that wait go as far as they can."""
    services = cloud.api.services
    world = replace(services.world, scheduler=ExactScheduler(services.world.clock, services.world.ids))
    runner = Runner(services.store, world, WORKFLOWS, lambda name: True)
    while runner.turn():
        pass


@pytest.fixture(scope="module")
def placed(cloud) -> str:
    """A server that the scheduler put on the host; its id."""
    made: str = cloud.create(name="web", networks=[{"uuid": cloud.network}])["server"]["id"]
    run(cloud)
    return made


def ask(cloud, path, user="admin", **params):
    return cloud.call("GET", f"{TOFT}/{path}", user=user, params=params)


def test_how_many_fit_and_what_binds(cloud, placed):
    some = ask(cloud, "fit", flavor="small", count="3").json
    assert (some["fits"], some["hosts"], some["binds"]) == (3, {"host1": 3}, None)
    all_ = ask(cloud, "fit", flavor="large", count="10").json
    assert 0 < all_["fits"] < 10
    assert [one["filter"] for one in all_["binds"]["fallen"]] == ["memory"]
    assert ask(cloud, "fit", flavor="small", count="3").json == some, "nothing was claimed"


def test_what_can_never_fit_says_what_would(cloud, placed):
    huge = ask(cloud, "fit", flavor="huge").json
    assert (huge["fits"], huge["hosts_seen"]) == (0, 1)
    assert huge["binds"]["fallen"][0]["reasons"].keys() == {"host1"}


def test_a_zone_that_is_not_there_is_named(cloud, placed):
    for path in ("fit", "room"):
        answer = ask(cloud, path, flavor="small", zone="moon")
        assert (answer.status_code, "no availability zone moon" in answer.text) == (404, True)
    assert ask(cloud, "fit", flavor="small", zone="nova").json["fits"] == 1


def test_bad_questions_are_refused(cloud):
    assert ask(cloud, "fit").status_code == 400
    assert ask(cloud, "fit", flavor="small", count="0").status_code == 400
    assert ask(cloud, "fit", flavor="nothing").status_code == 404
    assert ask(cloud, "recording", since="yesterday").status_code == 400
    for path in ("fit", "room", "fragmentation", "recording"):
        assert ask(cloud, path, user="demo", flavor="small").status_code == 403


def test_fragmentation_tells_what_of_each_flavor_lands(cloud, placed):
    whole = ask(cloud, "fragmentation").json
    assert {one["name"] for one in whole["flavors"]} == {"small", "large", "huge"}
    one = ask(cloud, "fragmentation", flavor="small", host="host1").json
    (small,) = one["flavors"]
    assert small["lands"] == small["held"] == one["hosts"][0]["lands"]["small"] > 0
    assert ask(cloud, "fragmentation", flavor="small", host="other").json["hosts"] == []


def test_room_is_planned_from_what_the_ledger_says(cloud, placed):
    assert ask(cloud, "room", flavor="small").json["moves"] == []
    huge = ask(cloud, "room", flavor="huge", moves="2").json
    assert (huge["host"], huge["moves"], huge["whole"], huge["tried"]) == (None, [], True, 1)


def test_a_recording_is_read_as_it_is_written(cloud, placed):
    first = ask(cloud, "recording").json
    assert [one["server"] for one in first["decisions"]] == [placed]
    assert first["decisions"][0]["inputs"]["demand"] == {"shared": 1, "memory_mib": 512, "disk_gib": 2}
    rest = ask(cloud, "recording", marker=first["decisions"][-1]["id"]).json
    assert (rest["decisions"], rest["more"], "hosts" in rest) == ([], False, False)
    known = recording.read(recording.joined([first, rest]))
    assert [host.name for host in known.hosts] == ["host1"]
    assert not any(stock.used for stock in known.hosts[0].stocks.values())
    (taken,) = known.decisions
    assert taken.place
    assert taken.place.host == cloud.host
    before = ask(cloud, "recording", until="2020-01-01T00:00:00Z").json
    assert before["decisions"] == []


def test_a_plan_names_the_servers_and_both_hosts(stores, tmp_path):
    with stores.sqlite(tmp_path) as store:
        cloud = compute(api(store, tmp_path))
        body = {"flavor": {"id": "wide", "name": "wide", "ram": 7000, "vcpus": 1, "disk": 2}}
        assert cloud.call("POST", "/compute/v2.1/flavors", body, "admin").status_code == 200
        made = cloud.create(name="web", networks=[{"uuid": cloud.network}])["server"]["id"]
        run(cloud)
        assert ask(cloud, "room", flavor="wide").json["host"] is None, "there is nowhere to go"
        with store.tx() as tx:
            add_host(tx, cloud.api.clock, "host2", has=inventory(memory_mib=2048))
        plan = ask(cloud, "room", flavor="wide").json
        assert plan == {
            "flavor": "wide",
            "host": "host1",
            "moves": [{"server": made, "name": "web", "from": "host1", "to": "host2"}],
            "tried": 1,
            "whole": True,
        }
        wide = cloud.create(name="wide", flavorRef="wide", networks=[{"uuid": cloud.network}])["server"]["id"]
        run(cloud)
        told = cloud.call("GET", f"{SERVERS}/{wide}/toft-decision", user="admin").json["decisions"][0]
        assert told["fits"][-1] == {
            "code": "move",
            "text": "after moving 1 server to another host",
            "hosts": f"{made} from host1 to host2",
        }
