"""cloud-init's own reader understands every drive that we write."""

import base64
from pathlib import Path
from typing import Any

import pytest

from common.wire import DriveGoal, NetworkGoal, PortGoal
from compute_agent import config_drive
from tests.services import cloudinit, iso

SERVER = "0192f0c0-1111-7222-8333-444444444444"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIErRBT1W somebody@example.org"
NAME = 'mail "<&>" 𝄞 日本'
DRIVE = DriveGoal(
    hostname="mail",
    name=NAME,
    project="p",
    metadata={"role": NAME},
    keys={"mine": KEY},
    user_data=base64.b64encode(b"#cloud-config\nfqdn: mail.example.org\n").decode(),
)
NETWORK = NetworkGoal(id="n1", cidr="10.77.0.0/24", gateway="10.77.0.1", dns=("9.9.9.9",), mtu=1450)
STATIC = NetworkGoal(id="n2", cidr="192.0.2.0/25", gateway="192.0.2.1", dns=("1.1.1.1",), dhcp=False)
ALONE = NetworkGoal(id="n3", cidr="198.51.100.0/24", gateway=None)
MACS = {f"52:54:00:00:00:0{number}": f"eth{number}" for number in (1, 2, 3)}
PORTS = tuple(
    PortGoal(id=f"p{number}", network=network, mac=mac, address=address)
    for number, (network, mac, address) in enumerate(
        zip((NETWORK, STATIC, ALONE), MACS, ("10.77.0.10", "192.0.2.10", "198.51.100.10"), strict=True)
    )
)


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Any]:
    config_drive.write(tmp_path / "config.iso", DRIVE, SERVER, PORTS)
    return cloudinit.read(iso.unpack(tmp_path / "config.iso", tmp_path / "files"), MACS)


def test_name_and_keys_are_understood(found: dict[str, Any]) -> None:
    about = found["metadata"]
    assert (about["instance-id"], about["local-hostname"], about["name"]) == (SERVER, "mail", NAME)
    assert (about["public_keys"], about["meta"]) == ({"mine": KEY}, {"role": NAME})
    assert found["version"] == 2


def test_user_data_is_understood(found: dict[str, Any]) -> None:
    assert found["userdata"] == "#cloud-config\nfqdn: mail.example.org\n"
    assert found["vendordata"] == {}


def test_the_network_is_understood(found: dict[str, Any]) -> None:
    nics = {entry.get("name"): entry for entry in found["network"]["config"]}
    assert (nics["eth1"]["mtu"], nics["eth1"]["subnets"]) == (1450, [{"type": "dhcp4"}])
    (second,), (third,) = nics["eth2"]["subnets"], nics["eth3"]["subnets"]
    assert (second["type"], second["address"], second["netmask"]) == ("static", "192.0.2.10", "255.255.255.128")
    assert [route["gateway"] for route in second["routes"]] == ["192.0.2.1"]
    servers = [entry["address"] for entry in found["network"]["config"] if entry["type"] == "nameserver"]
    assert servers == ["9.9.9.9", "1.1.1.1"]
    assert (third["address"], third["routes"]) == ("198.51.100.10", [])


def test_a_bare_drive_is_understood(tmp_path: Path) -> None:
    config_drive.write(tmp_path / "config.iso", DriveGoal(hostname="h", name="h", project="p"), SERVER, ())
    found = cloudinit.read(iso.unpack(tmp_path / "config.iso", tmp_path / "files"), {})
    assert (found["metadata"]["local-hostname"], found["userdata"]) == ("h", None)
