"""Ports that are taken; forwarding to a real guest is in tests/libvirt."""

import socket
from pathlib import Path

import pytest

from common import errors
from compute_agent.driver.libvirt import usermode
from compute_agent.driver.libvirt.storage.paths import Paths

SERVER = "01900000-0000-7000-8000-000000000001"


class Guest:
    """A domain that is looked up by its uuid."""

    def lookupByUUIDString(self, uuid: str) -> "Guest":  # noqa: N802 - libvirt's name
        assert uuid == SERVER
        return self


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(tmp_path)
    made.ssh_port(SERVER).parent.mkdir(parents=True)
    return made


def test_a_taken_port_is_passed_over(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usermode, "_monitor", lambda domain, command: "")
    with socket.socket() as other:
        other.bind((usermode.LOOPBACK, 0))
        taken = other.getsockname()[1]
        forwards = usermode.SshForwards(paths, f"{taken}-{taken + 20}")
        forwards.forward(Guest(), SERVER)
    address = forwards.address(SERVER)
    assert address is not None
    assert taken < int(address.rpartition(":")[2]) <= taken + 20


def test_a_refusal_is_told(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usermode, "_monitor", lambda domain, command: "could not set up host forwarding")
    forwards = usermode.SshForwards(paths, "20022-20024")
    with pytest.raises(errors.HypervisorError, match="could not set up"):
        forwards.forward(Guest(), SERVER)
    assert forwards.address(SERVER) is None
