"""What a host reports to have: believed, but for jumps, which wait for an operator."""

import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from common import resources, wire
from common.model.host import Host
from common.settings import Controller, Scheduler, Settings
from controller.db import hosts, ledger
from controller.db.engine import Store
from controller.workflow import capacity
from controller.workflow.world import World
from tests.services.api import api
from tests.workflow.model_agent import inventory

FACTOR = 4.0


class Yard:
    """A host, and what it reports."""

    def __init__(self, store: Store, folder: Path, factor: float = FACTOR) -> None:
        chosen = Settings(controller=Controller(capacity_jump=factor), scheduler=Scheduler(ram_ratio=1.0))
        made = api(store, folder, chosen)
        self.store = store
        self.world: World = made.services.world
        self.id = made.call("POST", "/toft/v1/hosts", user="admin", json={"name": "h"}).json["host"]["id"]

    def report(self, **more: int) -> None:
        said = replace(inventory(), **more)
        held = self.host.held
        with self.store.tx() as tx:
            hosts.write(tx, "inventory", {self.id: _plain(said)})
            capacity.take(tx, self.id, said, held, self.world)

    def approve(self) -> None:
        host = self.host
        with self.store.tx() as tx:
            capacity.approve(tx, host, self.world)

    @property
    def host(self) -> Host:
        with self.store.read() as tx:
            return hosts.get(tx, [self.id])[self.id]

    def total(self, name: str = resources.MEMORY_MB) -> int:
        with self.store.read() as tx:
            return ledger.stocks(tx, [self.id])[self.id][name].total


def _plain(said: wire.Inventory) -> object:
    return {
        **{name: getattr(said, name) for name in ("cpus", "memory_mib", "disk_gib", "disk_free_gib")},
        "reserved": {},
    }


@pytest.fixture
def yard(sqlite_store: Store, tmp_path: Path) -> Yard:
    return Yard(sqlite_store, tmp_path)


def test_the_first_report_and_what_grows_within_belief_are_taken(yard: Yard) -> None:
    for memory in (1000, 4000, 16000, 500):
        yard.report(memory_mib=memory)
        assert yard.total() == memory
    assert yard.host.held is None


def test_a_jump_is_held_and_told_once_and_the_rest_is_taken(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.report(memory_mib=1000, cpus=8)
    for memory in (4001, 4002):
        yard.report(memory_mib=memory, cpus=16)
    assert (yard.total(), yard.total(resources.VCPU)) == (1000, 16)
    assert yard.host.held == {resources.MEMORY_MB: 4002}
    assert [r.levelno for r in caplog.records if "toft host approve" in r.message] == [logging.ERROR]


def test_it_is_held_no_more_when_the_host_takes_it_back(yard: Yard) -> None:
    yard.report(memory_mib=1000)
    yard.report(memory_mib=9000)
    yard.report(memory_mib=2000)
    assert (yard.total(), yard.host.held) == (2000, None)


def test_an_operator_may_believe_it(yard: Yard) -> None:
    yard.report(memory_mib=1000)
    yard.report(memory_mib=9000)
    yard.approve()
    assert (yard.total(), yard.host.held) == (9000, None)
    yard.report(memory_mib=9000)
    assert (yard.total(), yard.host.held) == (9000, None)


def test_a_factor_of_nought_believes_all(sqlite_store: Store, tmp_path: Path) -> None:
    yard = Yard(sqlite_store, tmp_path, factor=0.0)
    yard.report(memory_mib=1000)
    yard.report(memory_mib=1000000)
    assert (yard.total(), yard.host.held) == (1000000, None)


def test_what_a_host_had_none_of_may_come(yard: Yard) -> None:
    yard.report(memory_mib=0)
    yard.report(memory_mib=64000)
    assert yard.total() == 64000
