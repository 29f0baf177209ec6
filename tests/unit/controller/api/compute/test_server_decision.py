"""Why a server is where it is: what its tenant reads, what operators read, and that nobody else does."""

import pytest

from common.model.decision import Change, DecisionRecord, Fallen, NearMiss, Rated
from controller.db import decisions
from tests.services.api import api
from tests.services.compute import Compute, compute

SERVERS = "/compute/v2.1/servers"


@pytest.fixture(scope="module")
def cloud(stores, tmp_path_factory) -> Compute:
    folder = tmp_path_factory.mktemp("decisions")
    with stores.sqlite(folder) as store:
        yield compute(api(store, folder))


@pytest.fixture(scope="module")
def made(cloud) -> str:
    """A server that found no host at first, and one then."""
    server = cloud.server()
    now = cloud.api.clock.now()
    nowhere = DecisionRecord(
        id="1",
        server_id=server,
        at=now,
        host_id=None,
        reason="No valid host: 1 host; 1 lacks memory",
        hosts=1,
        fallen=(Fallen(filter="memory", hosts=1, reasons={"host1": "needs 9 MiB, 1 free"}, codes=("memory-mb",)),),
        near=(NearMiss(host="host1", missing=("needs 9 MiB, 1 free",)),),
        changes=(
            Change(code="memory", text="if memory <= 1 MiB"),
            Change(code="move", text="after moving 1 server", hosts="web off host1"),
        ),
        inputs={"demand": {"memory_mib": 9}, "seed": 0},
    )
    placed = DecisionRecord(
        id="2",
        server_id=server,
        at=now,
        host_id=cloud.host,
        reason="best of 1 that fit among 1",
        hosts=1,
        best=(Rated(host="host1", score=0.5, terms={"memory": 0.5}),),
    )
    with cloud.api.services.store.tx() as tx:
        decisions.keep(tx, [nowhere, placed])
    return server


def test_operators_see_hosts(cloud, made):
    told = cloud.call("GET", f"{SERVERS}/{made}/toft-decision", user="admin").json
    assert told["server"] == {"id": made, "name": "vm", "status": "ACTIVE"}
    latest, first = told["decisions"]
    assert (latest["placed"], latest["host"], latest["best"][0]["terms"]) == (True, "host1", {"memory": 0.5})
    assert (first["placed"], first["host"], first["hosts_seen"]) == (False, None, 1)
    assert first["fallen"][0]["reasons"] == {"host1": "needs 9 MiB, 1 free"}
    assert first["near"] == [{"host": "host1", "missing": ["needs 9 MiB, 1 free"]}]
    assert first["fits"][1]["hosts"] == "web off host1"
    assert first["inputs"]["demand"] == {"memory_mib": 9}


def test_tenants_see_counts_and_what_would_fit_and_never_a_host(cloud, made):
    answer = cloud.call("GET", f"{SERVERS}/{made}/toft-decision")
    assert "host1" not in answer.text
    assert cloud.host not in answer.text
    first = answer.json["decisions"][1]
    assert first["fallen"] == [{"filter": "memory", "hosts": 1, "codes": ["memory-mb"]}]
    assert first["fits"] == [
        {"code": "memory", "text": "if memory <= 1 MiB"},
        {"code": "move", "text": "after moving 1 server"},
    ]
    assert first.keys() == {"at", "placed", "reason", "hosts_seen", "fallen", "fits"}


def test_other_projects_see_nothing(cloud, made):
    assert cloud.call("GET", f"{SERVERS}/{made}/toft-decision", user="other").status_code == 404
