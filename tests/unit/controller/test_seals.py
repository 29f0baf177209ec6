"""Commands are signed with the key that their host's agent named, read once for each epoch."""

from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from common import wire
from common.model.host import Host, HostState
from compute_agent.seals import Seals as AgentSeals
from controller.db import credentials, hosts, tables
from controller.db.credentials import CREDENTIALS, Credential
from controller.db.engine import Store
from controller.seals import Seals, unsigned

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {"c1": b"1" * 32, "c2": b"2" * 32}


def command(host: str, epoch: int = 1) -> wire.Command:
    body = wire.raw(wire.Query(id="q", what="console"))
    return wire.Command(id="c", host=host, host_epoch=epoch, verb="query", body=body, expires=NOW)


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Two hosts; ``a`` has two credentials, and its agent named the second."""
    known = {"boot_id": "", "state": HostState.UP, "enabled": True, "heard_at": NOW, "lease_until": NOW}
    made = [Host(id=h, name=h, generation=1, epoch=1, **known) for h in ("a", "b")]  # type: ignore[arg-type]
    with sqlite_store.tx() as tx:
        hosts.HOSTS.add(tx, made)
        CREDENTIALS.add(
            tx,
            [Credential(id=c, host_id="a", broker_user=None, key=k.decode(), created_at=NOW) for c, k in KEYS.items()],
        )
        name(tx, "a", "c2")
    return sqlite_store


def name(tx: object, host: str, credential: str) -> None:
    tx.change(tables.host, [{"id": host, "credential": credential}])  # type: ignore[attr-defined]


def test_signed_for_who_has_a_key_and_plain_for_who_has_none(store: Store) -> None:
    for_a, for_b = Seals(store, lambda key: key).seal([command("a"), command("b")])
    assert AgentSeals(KEYS).open(for_a) == AgentSeals({}).open(for_a.replace(b"c2", b"", 1)) == wire.pack(command("a"))
    assert wire.unpack(for_a, wire.Sealed).key == "c2"
    assert AgentSeals({}).open(for_b) == wire.pack(command("b"))


def test_keys_are_read_once_for_all_hosts_and_again_under_a_new_epoch(store: Store) -> None:
    reading = Mock(wraps=store.read)
    store.read = reading  # type: ignore[method-assign]
    seals = Seals(store, lambda key: key)
    seals.seal([command("a"), command("b"), command("a")])
    seals.seal([command("b"), command("a")])
    assert reading.call_count == 1
    with store.tx() as tx:
        name(tx, "a", "c1")
    (frame,) = seals.seal([command("a", epoch=2)])
    assert reading.call_count == 2
    assert wire.unpack(frame, wire.Sealed).key == "c1"


def test_a_key_that_was_removed_signs_nothing(store: Store) -> None:
    with store.tx() as tx:
        credentials.remove(tx, ["c2"])
    (frame,) = Seals(store, lambda key: key).seal([command("a")])
    assert frame == unsigned([command("a")])[0]
