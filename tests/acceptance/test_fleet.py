"""The whole fleet, with real guests: thirty servers at once, and kill -9 of each part in the middle of a burst.

Takes some minutes under emulation. `make hosts` runs it; it starts a lab of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from lab import down, places, plan, processes, remains
from lab.burst import Bursts
from lab.chaos import evidence
from lab.chaos.client import Client
from lab.chaos.faults import inside
from lab.processes import away

pytestmark = pytest.mark.timeout(1800)


def up(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "lab.up", *words], cwd=places.ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def lab() -> Iterator[plan.Plan]:
    assert remains.found() == [], "a lab is here already: make lab-down"
    started = up("--hosts", "3", "--controllers", "2")
    assert started.returncode == 0, started.stdout + started.stderr
    yield plan.load()
    down.remove()


@pytest.fixture(scope="module")
def bursts(lab: plan.Plan) -> Bursts:
    return Bursts(lab)


def openstack(*words: str) -> str:
    env = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(places.CLOUDS), "OS_CLOUD": "lab"}
    done = subprocess.run([places.BIN / "openstack", *words], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_host_has_its_own_libvirt_network_and_name(lab: plan.Plan) -> None:
    def on(name: str, *words: str) -> str:
        return subprocess.check_output([places.ROOT / "lab" / "on", name, *words], text=True).strip()

    assert [on(name, "hostname") for name in lab.host_names] == lab.host_names
    for words in (["ip", "-4", "-o", "address"], ["sh", "-c", "virsh capabilities | grep '<uuid>'"]):
        assert len({on(name, *words) for name in lab.host_names}) == len(lab.host_names)


def test_thirty_servers_by_one_request(lab: plan.Plan, bursts: Bursts) -> None:
    since = time.monotonic()
    words = ["--image", "tiny", "--flavor", "tiny", "--network", "net", "--min", "30", "--max", "30", "many"]
    openstack("server", "create", *words)
    seen = {s["ID"]: s["Name"] for s in json.loads(openstack("server", "list", "-f", "json"))}
    assert len(seen) == 30
    bursts.wishes.created.update(seen)
    assert bursts.heal().all == []
    assert {s["status"] for s in Client(lab).servers()} == {"ACTIVE"}
    print(f"\n30 servers ACTIVE {time.monotonic() - since:.0f} s after the command was given")


@pytest.mark.parametrize("victim", ["agent-host1", "controller-2", "controller", "rabbitmq", "postgresql"])
def test_a_kill_in_the_middle_of_a_burst(lab: plan.Plan, bursts: Bursts, victim: str) -> None:
    before = len(bursts.wishes.standing)
    if victim == "controller":  # the only one
        with away("controller-2"):
            came = bursts.run(victim)
    else:
        came = bursts.run(victim)
    assert came.verdict.all == []
    assert len(bursts.wishes.standing) == before + 10
    assert {s["status"] for s in Client(lab).servers()} == {"ACTIVE"}
    print(f"\n{victim} killed in {came.asked}: back {came.back:.1f} s, all as asked {came.healed:.1f} s later")
    _thin_out(bursts)


def _thin_out(bursts: Bursts, to: int = 20) -> None:
    """Delete servers, so that guests do not fill the machine."""
    client = Client(plan.load())
    for server in sorted(bursts.wishes.standing)[:-to]:
        client.delete(server)
        bursts.wishes.deleted.add(server)
    assert bursts.heal().all == []


def test_a_host_without_power_comes_back_with_its_guests(lab: plan.Plan, bursts: Bursts) -> None:
    there = evidence.gather(lab, Client(lab))
    host = max(there.domains, key=lambda name: len(there.domains[name]))
    processes.kill(places.pid(host))
    time.sleep(5)  # longer than the keeper needs to see it
    assert bursts.heal().all == []
    assert inside(host, "qemu-system-x86")


def test_nothing_is_left_of_a_lab_whose_keeper_and_host_were_killed(lab: plan.Plan) -> None:
    spaces = {os.readlink(f"/proc/{places.pid(name)}/ns/net") for name in lab.host_names}  # noqa: PTH115 (no file)
    assert up("--hosts", "1").returncode == 1, "two labs at once"
    processes.kill(places.pid("keeper"))
    processes.kill(places.pid("host2"))
    down.remove()
    assert remains.found() == []
    living = set()
    for entry in places.Path("/proc").glob("[0-9]*/ns/net"):
        try:
            living.add(str(entry.readlink()))
        except OSError:
            continue
    assert not spaces & living
    assert "toft-lab" not in subprocess.check_output(["losetup", "-a"], text=True)
    assert not places.STATE.exists()
