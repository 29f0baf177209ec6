"""Six servers on two hosts over RabbitMQ and PostgreSQL, while the agent or the controller is killed in the middle."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.db import ledger
from controller.db.engine import Store
from tests.acceptance.hosts import Fleet, fleet
from tests.services.postgresql import PostgreSQL
from tests.services.rabbitmq import RabbitMQ

IMAGE = Path(__file__).resolve().parents[2] / "build" / "tiny" / "tiny.qcow2"
NAMES = [f"vm-{n}" for n in range(1, 7)]


@pytest.fixture
def small_fleet(rabbitmq: RabbitMQ, postgresql: PostgreSQL) -> Iterator[Fleet]:
    folder = Path(tempfile.mkdtemp(prefix="toft-fleet-"))
    folder.chmod(0o711)  # the QEMU user passes through
    with fleet(folder, rabbitmq.fresh_url(), postgresql.url(postgresql.create())) as made:
        made.wait_for({}, 60)
        prepare(made)
        yield made
    shutil.rmtree(folder)


def prepare(made: Fleet) -> None:
    do = made.openstack
    do("image", "create", "--file", str(IMAGE), "--disk-format", "qcow2", "--container-format", "bare", "tiny")
    do("flavor", "create", "--ram", "160", "--disk", "1", "--vcpus", "1", "tiny")
    do("network", "create", "net")
    do("subnet", "create", "--network", "net", "--subnet-range", "10.44.0.0/24", "net")


def ask_for_six(made: Fleet) -> None:
    words = ["server", "create", "--image", "tiny", "--flavor", "tiny", "--network", "net", "--min", "6", "--max", "6"]
    made.openstack(*words, "vm")


def check(made: Fleet) -> None:
    """What the tenant sees, what runs, and what the ledger says are one and the same."""
    domains = made.domains()
    running = [name for names in domains.values() for name in names]
    assert len(running) == len(set(running)) == len(NAMES), domains
    assert all(domains.values()), f"one host has none: {domains}"
    store = Store(made.database)
    with store.read() as tx:
        assert ledger.verify(tx) == []
    store.close()


@pytest.mark.parametrize("victim", ["nobody", "host1", "host2", "controller"])
def test_every_server_becomes_active_once(small_fleet: Fleet, victim: str) -> None:
    ask_for_six(small_fleet)
    if victim != "nobody":
        small_fleet.kill(victim)
        hosts = {host.name: host for host in small_fleet.hosts}
        small_fleet.start_agent(hosts[victim]) if victim in hosts else small_fleet.start_controller()
    seconds = small_fleet.wait_for(dict.fromkeys(NAMES, "ACTIVE"), 240)
    check(small_fleet)
    print(f"\n{victim} killed: 6 servers ACTIVE on 2 hosts {seconds:.1f} s later")
