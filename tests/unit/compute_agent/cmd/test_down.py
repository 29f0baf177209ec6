"""``toft down``, over a pretended hypervisor."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from common import errors
from common.states import Power
from compute_agent.cmd import down as command
from compute_agent.driver.memory import MemoryDriver
from tests.doubles.agent import IMAGE, NETWORK, goal, server_id

UP = """
import signal, sys, time
from pathlib import Path
from common.folder import held
signal.signal(signal.SIGTERM, signal.default_int_handler if sys.argv[2] == "willing" else signal.SIG_IGN)
try:
    with held(Path(sys.argv[1]), sys.argv[3]):
        print("held", flush=True)
        time.sleep(300)
except KeyboardInterrupt:
    pass
"""


class Hypervisor(MemoryDriver):
    """A pretended hypervisor that can list its networks."""

    closed = False

    def own_networks(self) -> tuple[str, ...]:
        return tuple(self.networks)

    def close(self) -> None:
        super().close()
        self.closed = True

    def run(self, number: int, stubborn: bool = False) -> None:
        """Have a guest that runs."""
        wish = goal(number)
        self.ensure_image(IMAGE)
        self.ensure_network(NETWORK)
        self.ensure_disk(wish.server, IMAGE, 2)
        self.define(wish)
        self.start(wish.server)
        self.domains[wish.server].stubborn = stubborn


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Hypervisor:
    made = Hypervisor()
    monkeypatch.setattr(command.libvirt, "make", lambda chosen, clock: made)
    monkeypatch.setattr(command, "PATIENCE", 0.3)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir()
    return made


def down(state: Path, *words: str) -> Result:
    file = state.parent / "toft.conf"
    file.write_text(f"[state]\npath = {state}\n")
    return CliRunner().invoke(command.down, ["--config", str(file), *words])


def test_guests_are_powered_off_and_stay_defined(driver: Hypervisor, state: Path) -> None:
    driver.run(1)
    driver.run(2)
    driver.power_off(server_id(2))
    result = down(state)
    assert (result.exit_code, result.output) == (0, "1 guest stopped, 1 off before\n")
    assert [domain.power for domain in driver.domains.values()] == [Power.OFF, Power.OFF]
    assert driver.closed


def test_a_guest_that_does_not_listen_loses_its_power(driver: Hypervisor, state: Path) -> None:
    driver.run(1, stubborn=True)
    assert down(state).exit_code == 0
    assert driver.power(server_id(1)) is Power.OFF


def test_to_forget_leaves_nothing_of_ours_and_all_of_others(driver: Hypervisor, state: Path) -> None:
    driver.run(1)
    (state / "images").mkdir()
    for name in ("toft.sqlite", "images/digest", "mine.txt"):
        (state / name).touch()
    result = down(state, "--forget")
    assert f"1 guest, 1 network and all in {state} forgotten" in result.output
    assert (driver.domains, driver.disks, driver.networks) == ({}, {}, {})
    assert [left.name for left in state.iterdir()] == ["mine.txt"]
    assert down(state, "--forget").exit_code == 0


def test_the_hypervisor_is_let_go_when_it_fails(driver: Hypervisor, state: Path) -> None:
    driver.fail("listing", errors.HypervisorError("libvirtd is away"))
    assert isinstance(down(state).exception, errors.HypervisorError)
    assert driver.closed


@pytest.fixture
def holding(state: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the state folder as ``toft up`` or ``toft agent`` does."""
    temper, _, name = request.param.partition(" ")
    command = [sys.executable, "-c", UP, str(state), temper, name or "up"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.mark.parametrize("holding", ["willing up", "willing agent"], indirect=True)
def test_what_runs_here_is_ended_first(
    driver: Hypervisor, state: Path, holding: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE", 30.0)
    assert down(state).exit_code == 0
    assert holding.wait() == 0


@pytest.mark.parametrize("holding", ["deaf"], indirect=True)
def test_one_that_does_not_end_is_named(driver: Hypervisor, state: Path, holding: subprocess.Popen[bytes]) -> None:
    driver.run(1)
    result = down(state)
    assert isinstance(result.exception, errors.Conflict)
    assert f"process {holding.pid} does not end" in str(result.exception)
    assert driver.power(server_id(1)) is Power.ON


def test_one_that_hangs_stops_no_other_from_being_stopped(
    state: Path, driver: Hypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        driver.run(number, stubborn=number == 2)
    hangs, shutdown = threading.Event(), driver.shutdown

    def hang(server: str) -> None:
        if server == server_id(1):
            hangs.wait(60)
        shutdown(server)

    monkeypatch.setattr(driver, "shutdown", hang)
    result = down(state)
    hangs.set()
    assert (result.exit_code, result.output) == (0, "3 guests stopped, 0 off before\n")
    assert {driver.power(server_id(number)) for number in (1, 2, 3)} == {Power.OFF}


def test_one_that_cannot_be_stopped_is_told_when_all_others_are(state: Path, driver: Hypervisor) -> None:
    for number in (1, 2):
        driver.run(number, stubborn=True)
    driver.fail("destroy", errors.HypervisorError("QEMU does not end"))
    result = down(state)
    assert isinstance(result.exception, errors.HypervisorError)
    assert result.exception.message == "1 guest could not be stopped: QEMU does not end"
    assert [driver.power(server_id(number)) for number in (1, 2)] == [Power.ON, Power.OFF]
