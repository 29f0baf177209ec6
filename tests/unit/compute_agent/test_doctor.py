import contextlib
import ctypes
import os
import socket

import msgspec
import pytest
from click.testing import CliRunner

from common.settings import Agent, Api, Settings, State
from compute_agent import doctor
from compute_agent.cmd import doctor as command
from compute_agent.doctor import remarks
from compute_agent.driver.libvirt import checks, taps
from compute_agent.driver.libvirt.kvm import Proof
from compute_agent.resources import checks as machine
from compute_agent.resources.checks import Check, machine_checks


@pytest.fixture
def settings(tmp_path):
    folder = tmp_path / "state"
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return Settings(state=State(path=str(folder)), api=Api(port=trial.getsockname()[1]))


def verdict(settings, name, **options):
    return next(check.verdict for check in machine_checks(settings, **options) if check.name == name)


def test_a_port_in_use(settings):
    assert verdict(settings, "API port") == "ok"
    with socket.socket() as other:
        other.bind((settings.api.listen, settings.api.port))
        other.listen()
        assert verdict(settings, "API port") == "fail"
        assert verdict(settings, "API port", in_use=True) == "ok"


@pytest.mark.parametrize(("memory", "expected"), [((9000, 9000), "ok"), ((9000, 100), "warn"), ((1100, 1000), "fail")])
def test_memory(settings, monkeypatch, memory, expected):
    monkeypatch.setattr(machine.probe, "memory", lambda: memory)
    assert verdict(settings, "memory") == expected


@pytest.mark.parametrize(("total", "free", "expected"), [(50, 20, "ok"), (50, 1, "fail"), (11, 11, "fail")])
def test_disk(settings, monkeypatch, total, free, expected):
    disk = machine.probe.Disk(total * machine.GIB, free * machine.GIB)
    monkeypatch.setattr(machine.probe, "disk", lambda path: disk)
    settings = msgspec.structs.replace(settings, agent=Agent(reserved_disk_gib=10))
    assert verdict(settings, "disk") == expected


def test_a_closed_folder_is_named(settings, tmp_path):
    tmp_path.chmod(0o700)
    found = next(check for check in machine_checks(settings) if check.name == "folders")
    assert found.verdict == "fail"
    assert str(tmp_path) in found.found
    assert "chmod o+x" in found.advice


@pytest.mark.parametrize(
    ("refusal", "wish", "expected"),
    [(None, "auto", "ok"), ("no", "auto", "warn"), ("no", "bridge", "fail"), ("no", "user", "ok")],
)
def test_taps(settings, monkeypatch, refusal, wish, expected):
    monkeypatch.setattr(taps, "refusal", lambda: refusal)
    libvirt = msgspec.structs.replace(settings.libvirt, network=wish)
    assert checks._taps(msgspec.structs.replace(settings, libvirt=libvirt)).verdict == expected


def test_what_guests_do_without_is_remarked(settings, monkeypatch):
    monkeypatch.setattr(checks.kvm, "find_out", lambda: Proof("b", True, "the probe ran"))
    monkeypatch.setattr(taps, "refusal", lambda: None)
    monkeypatch.setattr("compute_agent.doctor.orphans", lambda: Check("processes", "ok", "gone"))
    assert remarks(settings) == []
    monkeypatch.setattr(taps, "refusal", lambda: "making a tap: not permitted")
    (said,) = remarks(settings)
    assert said.startswith("taps: refused (making a tap: not permitted): user-mode networking is used; ")


@pytest.mark.parametrize(
    ("works", "wish", "expected"), [(True, "auto", "ok"), (False, "auto", "warn"), (False, "kvm", "fail")]
)
def test_kvm(settings, monkeypatch, works, wish, expected):
    monkeypatch.setattr(checks.kvm, "find_out", lambda: Proof("b", works, "why"))
    libvirt = msgspec.structs.replace(settings.libvirt, virt_type=wish)
    assert checks._kvm(msgspec.structs.replace(settings, libvirt=libvirt)).verdict == expected


@pytest.mark.parametrize(("mode", "expected"), [(0o666, "ok"), (0o600, "warn")])
def test_kvm_is_open_to_the_qemu_user(tmp_path, monkeypatch, mode, expected):
    node = tmp_path / "kvm"
    node.touch(mode=0o600)
    node.chmod(mode)
    monkeypatch.setattr(checks, "KVM", node)
    assert checks._kvm_access().verdict == expected
    monkeypatch.setattr(checks, "QEMU_USERS", ())
    assert checks._kvm_access().verdict == "ok"


@pytest.mark.parametrize(("name", "expected"), [("sh", "ok"), ("no-such-program", "fail")])
def test_programs(name, expected):
    assert checks._program(name, "install it").verdict == expected


def test_virtlogd(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "RUN", tmp_path)
    assert checks._virtlogd().verdict == "fail"
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt" / "virtlogd-sock").touch()
    assert checks._virtlogd().verdict == "ok"


@pytest.mark.parametrize(
    ("line", "expected"), [("max_client_requests = 20", "ok"), ("#max_client_requests = 20", "warn")]
)
def test_limits(tmp_path, monkeypatch, line, expected):
    monkeypatch.setattr(checks, "ETC", tmp_path)
    assert checks._requests().verdict == "warn"
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt" / "libvirtd.conf").write_text(f"{line}\n")
    assert checks._requests().verdict == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "ok"),
        ('#max_core = "unlimited"', "ok"),
        ('max_core = "unlimited"', "warn"),
        ("dynamic_ownership = 0", "warn"),
        ("seccomp_sandbox = -1", "ok"),
        ("seccomp_sandbox = 0", "warn"),
    ],
)
def test_settings_of_qemu(tmp_path, monkeypatch, line, expected):
    monkeypatch.setattr(checks, "ETC", tmp_path)
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt" / "qemu.conf").write_text(f"{line}\n")
    found = checks._qemu_settings()
    assert found.verdict == expected
    assert expected == "ok" or found.found == line.replace(" ", "").replace('"', "")


@pytest.fixture
def careless_parent():
    """This process adopts orphans, as process 1 of a container does, and does not bury them before the test is over."""
    libc, adopt = ctypes.CDLL(None), 36  # PR_SET_CHILD_SUBREAPER
    assert libc.prctl(adopt, 1, 0, 0, 0) == 0
    yield
    libc.prctl(adopt, 0, 0, 0, 0)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def test_zombies_are_noticed(careless_parent, monkeypatch):
    monkeypatch.setattr(machine, "ORPHAN_SECONDS", 0.2)
    assert machine.orphans().verdict == "warn"


@pytest.mark.parametrize(("worst", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_the_command_fails_if_a_check_does(monkeypatch, worst, code):
    monkeypatch.setattr(command, "checks", lambda settings, in_use: [Check("one", worst, "found", "advice")])
    done = CliRunner().invoke(command.doctor)
    assert done.exit_code == code
    assert ("advice" in done.output) == (worst != "ok")


def test_problems_are_what_fails_in_words(settings, monkeypatch):
    found = [
        Check("memory", "fail", "100 MiB", "add memory"),
        Check("KVM", "warn", "none"),
        Check("disk", "ok", "much"),
    ]
    monkeypatch.setattr(doctor, "checks", lambda settings, in_use: found)
    assert doctor.problems(settings) == ["memory: 100 MiB; add memory"]
