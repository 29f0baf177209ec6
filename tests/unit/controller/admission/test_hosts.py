"""What operators change of hosts, in the tables."""

from pathlib import Path

import pytest

from common import errors
from controller.admission.hosts import (
    ApproveHost,
    DropCredentials,
    EnrollHost,
    RemoveHost,
    RetireCredentials,
    RotateHost,
    UnmuteHost,
    find,
)
from controller.db import credentials, hosts, ledger, tables
from controller.db.engine import Store
from controller.writer import Change
from tests.services.api import Api, api
from tests.services.clouds import add_server
from tests.workflow.model_agent import inventory

HOST = "h"


@pytest.fixture
def made(store: Store, tmp_path: Path) -> Api:
    built = api(store, tmp_path)
    built.writer.submit(EnrollHost(host_id=HOST, name="one", credential_id="c1", broker_user="u1", key="k"))
    return built


def left(store: Store) -> dict[str, bool]:
    """Give the host's credentials, and whether each will end."""
    with store.read() as tx:
        return {c.id: c.retires_at is not None for c in credentials.of_hosts(tx, [HOST]).get(HOST, [])}


def test_a_host_is_found_by_its_name_and_by_its_id(made: Api, store: Store) -> None:
    with store.read() as tx:
        assert find(tx, "one") == find(tx, HOST)
        with pytest.raises(errors.NotFound, match="there is no host two"):
            find(tx, "two")


def test_a_second_one_of_that_name_is_not_enrolled(made: Api, store: Store) -> None:
    with pytest.raises(errors.Conflict, match="one is host h already"):
        made.writer.submit(EnrollHost(host_id="h2", name="one", credential_id="c2", broker_user=None, key="k"))
    with store.read() as tx:
        assert [host.id for host in hosts.enrolled(tx)] == [HOST]


def test_only_older_credentials_are_retired(made: Api, store: Store) -> None:
    for id_ in ("c2", "c3"):
        made.writer.submit(RotateHost(host_id=HOST, credential_id=id_, broker_user=None, key="k"))
    made.writer.submit(RetireCredentials(host_id=HOST, newest="c2", grace=9.0))
    assert left(store) == {"c1": True, "c2": False, "c3": False}
    made.writer.submit(DropCredentials(ids=("c1", "c2", "never")))
    assert left(store) == {"c3": False}


@pytest.mark.parametrize(
    "change",
    [
        RotateHost(host_id="gone", credential_id="c2", broker_user=None, key="k"),
        RetireCredentials(host_id="gone", newest="c2", grace=9.0),
        RemoveHost(host_id="gone"),
    ],
)
def test_a_host_that_went_meanwhile_is_not_there(made: Api, change: Change[object]) -> None:
    with pytest.raises(errors.NotFound, match="there is no host gone"):
        made.writer.submit(change)


@pytest.mark.parametrize(("claims", "told"), [(1, "1 server lives"), (2, "2 servers live")])
def test_a_host_with_claims_stays(made: Api, store: Store, claims: int, told: str) -> None:
    with store.tx() as tx:
        ledger.apply_inventory(tx, HOST, inventory(), made.services.settings.scheduler)
        for number in range(claims):
            add_server(tx, made.clock, f"s{number}")
        host = hosts.get(tx, [HOST])[HOST]
        wanted = [ledger.Claim(f"s{n}", HOST, {(ledger.WHOLE, "VCPU"): 1}) for n in range(claims)]
        ledger.claim(tx, wanted, {HOST: host.generation})
    with pytest.raises(errors.Conflict, match=f"{told} on host one: delete or move them first"):
        made.writer.submit(RemoveHost(host_id=HOST))
    assert left(store)
    with store.tx() as tx:
        ledger.release(tx, ["s0", "s1"])
    made.writer.submit(RemoveHost(host_id=HOST))
    with store.read() as tx:
        assert all(tx.rows(table.select()) == [] for table in (tables.host, tables.host_credential, tables.inventory))


def test_a_host_may_speak_again(made: Api, store: Store) -> None:
    with store.tx() as tx:
        hosts.set_muted(tx, [HOST], made.clock.now())
    assert made.writer.submit(UnmuteHost(host_id=HOST)).muted_at is None


def test_what_is_held_is_believed_when_an_operator_says_so(made: Api, store: Store) -> None:
    with pytest.raises(errors.Conflict, match="nothing that host one reports is held"):
        made.writer.submit(ApproveHost(host_id=HOST))
    said = {"cpus": 8, "memory_mib": 9, "disk_gib": 1, "disk_free_gib": 1, "reserved": {}}
    with store.tx() as tx:
        hosts.write(tx, "inventory", {HOST: said})
        hosts.write(tx, "held", {HOST: {"VCPU": 8}})
    assert made.writer.submit(ApproveHost(host_id=HOST)).held is None
    with store.read() as tx:
        assert ledger.stocks(tx, [HOST])[HOST]["VCPU"].total == 8
