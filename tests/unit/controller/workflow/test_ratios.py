"""Ratios: aggregates say how often their hosts' CPUs, memory and disk are promised."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.model.host import HostState
from common.settings import Scheduler, Settings
from controller.db import hosts, ledger
from controller.db.engine import Store
from controller.workflow import capacity
from tests.services.api import Api, api
from tests.workflow.model_agent import inventory

ROOT = "/compute/v2.1/os-aggregates"


class Cloud:
    """A host that was heard, and aggregates."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.made: Api = api(store, folder, Settings(scheduler=Scheduler(cpu_ratio=4.0)))
        self.id = self.made.call("POST", "/toft/v1/hosts", user="admin", json={"name": "h"}).json["host"]["id"]
        with store.tx() as tx:
            hosts.write(tx, "inventory", {self.id: msgspec.to_builtins(inventory())})
            hosts.set_state(tx, list(hosts.get(tx, [self.id]).values()), HostState.UP)
            capacity.take(tx, self.id, inventory(), None, self.made.services.world)

    def act(self, path: str = "", status: int = 200, **body: Any) -> dict[str, Any]:
        answer = self.made.call("POST", ROOT + path, user="admin", json=body)
        assert answer.status_code == status, answer.text
        return answer.json  # type: ignore[no-any-return]

    def aggregate(self, name: str, **metadata: str) -> str:
        number = self.act(aggregate={"name": name})["aggregate"]["id"]
        self.act(f"/{number}/action", set_metadata={"metadata": metadata})
        return f"/{number}/action"

    @property
    def ratios(self) -> list[float]:
        with self.store.read() as tx:
            stocks = ledger.stocks(tx, [self.id])[self.id]
        assert all(stock.capacity == int((stock.total - stock.reserved) * stock.ratio) for stock in stocks.values())
        return [stocks[name].ratio for name in ("VCPU", "MEMORY_MB", "DISK_GB")]


@pytest.fixture
def cloud(sqlite_store: Store, tmp_path: Path) -> Cloud:
    return Cloud(sqlite_store, tmp_path)


def test_a_host_has_the_ratios_of_its_aggregates(cloud: Cloud) -> None:
    assert cloud.ratios == [4.0, 1.0, 1.0]
    first = cloud.aggregate("first", cpu_allocation_ratio="8.0", disk_allocation_ratio="2")
    second = cloud.aggregate("second", cpu_allocation_ratio="2.5", note="x")
    cloud.act(first, add_host={"host": "h"})
    assert cloud.ratios == [8.0, 1.0, 2.0]
    cloud.act(second, add_host={"host": "h"})
    assert cloud.ratios == [2.5, 1.0, 2.0], "the least of them"
    cloud.act(second, set_metadata={"metadata": {"cpu_allocation_ratio": None, "ram_allocation_ratio": "1.5"}})
    assert cloud.ratios == [8.0, 1.5, 2.0]
    cloud.act(first, remove_host={"host": "h"})
    assert cloud.ratios == [4.0, 1.5, 1.0]


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "1001"])
def test_what_is_no_ratio_is_refused_by_name(cloud: Cloud, text: str) -> None:
    made = cloud.aggregate("one")
    answer = cloud.act(made, 400, set_metadata={"metadata": {"cpu_allocation_ratio": text}})
    assert "cpu_allocation_ratio" in answer["badRequest"]["message"]
    assert cloud.ratios == [4.0, 1.0, 1.0]


def test_a_host_that_was_never_heard_gets_them_with_its_first_report(cloud: Cloud) -> None:
    id_ = cloud.made.call("POST", "/toft/v1/hosts", user="admin", json={"name": "new"}).json["host"]["id"]
    with cloud.store.tx() as tx:
        hosts.set_state(tx, list(hosts.get(tx, [id_]).values()), HostState.UP)
    cloud.act(cloud.aggregate("one", ram_allocation_ratio="2"), add_host={"host": "new"})
    with cloud.store.tx() as tx:
        assert ledger.stocks(tx, [id_]) == {}
        capacity.take(tx, id_, inventory(), None, cloud.made.services.world)
        assert ledger.stocks(tx, [id_])[id_]["MEMORY_MB"].ratio == 2.0
