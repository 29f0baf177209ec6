"""Who is loud is muted and given its voice back; what is over is ended, once its host can do without."""

from datetime import timedelta
from pathlib import Path

import pytest

from common import errors
from common.settings import Bus, Settings
from controller.db import hosts, tables
from controller.db.credentials import CREDENTIALS, Credential
from controller.db.engine import Store
from controller.workflow.warden import Warden
from tests.doubles.broker import NotedBroker
from tests.services.api import api


class Yard:
    """A host with two credentials, of which its agent uses the older one."""

    def __init__(self, store: Store, folder: Path) -> None:
        made = api(store, folder, Settings(bus=Bus(mute_seconds=60.0)))
        self.store, self.clock, self.broker = store, made.clock, NotedBroker()
        self.loud: set[str] = set()
        self.warden = Warden(store, made.services.world, self.broker, lambda: self.loud)
        now = self.clock.now()
        answer = made.call("POST", "/toft/v1/hosts", user="admin", json={"name": "h"})
        self.host = answer.json["host"]["id"]
        with store.tx() as tx:
            tx.remove(tables.host_credential, [{"host_id": self.host}], where=("host_id",))
            over = now + timedelta(seconds=10)
            for name, retires in (("old", over), ("new", None)):
                made_one = Credential(
                    id=name, host_id=self.host, broker_user=f"u-{name}", key="k", created_at=now, retires_at=retires
                )
                CREDENTIALS.add(tx, [made_one])
        self.uses("old")

    def uses(self, credential: str) -> None:
        with self.store.tx() as tx:
            tx.change(tables.host, [{"id": self.host, "credential": credential}])

    @property
    def muted(self) -> bool:
        with self.store.read() as tx:
            return hosts.get(tx, [self.host])[self.host].muted_at is not None


@pytest.fixture
def yard(sqlite_store: Store, tmp_path: Path) -> Yard:
    return Yard(sqlite_store, tmp_path)


def test_nothing_to_do(yard: Yard) -> None:
    assert not yard.warden.turn()
    assert yard.broker.told == []


def test_who_is_loud_is_muted_for_a_while(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.loud = {yard.host, "made-up"}
    yard.warden.turn()
    yard.warden.turn()
    assert yard.broker.told == [("mute", "u-old"), ("mute", "u-new")] * 2
    assert yard.muted
    assert caplog.text.count("says too much") == 1
    yard.loud = set()
    yard.clock.advance(5.0)
    yard.warden.turn()
    assert yard.muted
    yard.uses("old")
    yard.clock.advance(56.0)
    yard.warden.turn()
    assert not yard.muted
    assert [words for words in yard.broker.told if words[0] == "unmute"] == [("unmute", "u-old"), ("unmute", "u-new")]


def test_a_broker_that_is_away_is_asked_again(yard: Yard) -> None:
    yard.loud, yard.broker.left = {yard.host}, 0
    with pytest.raises(errors.BusUnavailable):
        yard.warden.turn()
    yard.loud, yard.broker.left = set(), None
    yard.clock.advance(60.0)
    yard.warden.turn()
    assert not yard.muted


def test_a_credential_ends_when_its_time_is_over_and_its_host_uses_another(yard: Yard) -> None:
    yard.clock.advance(11.0)
    yard.warden.turn()
    assert yard.broker.told == []
    yard.uses("new")
    yard.warden.turn()
    yard.warden.turn()
    assert yard.broker.told == [("shut out", "u-old")]
    with yard.store.read() as tx:
        assert [row[0] for row in tx.rows(tables.host_credential.select())] == ["new"]


def test_one_that_shares_the_brokers_user_just_ends(yard: Yard) -> None:
    with yard.store.tx() as tx:
        tx.change(tables.host_credential, [{"id": "old", "broker_user": None}])
    yard.uses("new")
    yard.clock.advance(11.0)
    yard.warden.turn()
    assert yard.broker.told == []
    with yard.store.read() as tx:
        assert [row[0] for row in tx.rows(tables.host_credential.select())] == ["new"]


def test_a_user_that_could_not_be_shut_out_is_so_in_the_next_turn(yard: Yard) -> None:
    yard.uses("new")
    yard.clock.advance(11.0)
    yard.broker.left = 0
    with pytest.raises(errors.BusUnavailable):
        yard.warden.turn()
    yard.broker.left = None
    yard.warden.turn()
    assert yard.broker.told == [("shut out", "u-old")]
