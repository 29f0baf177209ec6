import base64
import json
import stat
from pathlib import Path

import pytest

from common import errors
from common.wire import DriveGoal, NetworkGoal, PortGoal
from compute_agent import config_drive
from tests.services import iso

SERVER = "0192f0c0-1111-7222-8333-444444444444"
DRIVE = DriveGoal(hostname="web", name="Web", project="p", keys={"k": "ssh-rsa A"})
NETWORK = NetworkGoal(id="n", cidr="10.0.0.0/24", gateway="10.0.0.1", dns=("9.9.9.9",))


def port(**changes: object) -> PortGoal:
    known = {"id": "p", "network": NETWORK, "mac": "52:54:00:00:00:01", "address": "10.0.0.9"}
    return PortGoal(**known | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("tree", ["joliet_path", "rr_path", "iso_path"])
def test_every_reader_finds_the_same_files_under_their_own_names(tmp_path: Path, tree: str) -> None:
    config_drive.write(tmp_path / "c.iso", DRIVE, SERVER, (port(),))
    found = iso.extracted(tmp_path / "c.iso", tree)
    names = ("meta_data.json", "network_data.json", "vendor_data.json")
    assert set(found) == {f"/openstack/{version}/{name}" for version in config_drive.VERSIONS for name in names}
    assert json.loads(found["/openstack/latest/meta_data.json"])["uuid"] == SERVER


def test_the_label_is_where_guests_look(tmp_path: Path) -> None:
    config_drive.write(tmp_path / "c.iso", DRIVE, SERVER, ())
    volume = (tmp_path / "c.iso").read_bytes()[16 * 2048 :]
    assert volume[:6] == b"\x01CD001"
    assert volume[40:72].rstrip() == b"config-2"


def test_it_is_secret_and_nothing_else_is_left(tmp_path: Path) -> None:
    config_drive.write(tmp_path / "c.iso", DRIVE, SERVER, ())
    config_drive.write(tmp_path / "c.iso", DRIVE, SERVER, ())
    assert [file.name for file in tmp_path.iterdir()] == ["c.iso"]
    assert stat.S_IMODE((tmp_path / "c.iso").stat().st_mode) == 0o600


def test_a_drive_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "c.iso").mkdir()
    with pytest.raises(errors.HypervisorError, match="cannot write the config drive"):
        config_drive.write(tmp_path / "c.iso", DRIVE, SERVER, ())
    assert [file.name for file in tmp_path.iterdir()] == ["c.iso"]


def test_user_data_arrives_byte_by_byte() -> None:
    data = bytes(range(256))
    drive = DriveGoal(hostname="h", name="h", project="p", user_data=base64.b64encode(data).decode())
    assert config_drive.files(drive, SERVER, ())["user_data"] == data


def test_empty_user_data_is_a_file() -> None:
    drive = DriveGoal(hostname="h", name="h", project="p", user_data="")
    assert config_drive.files(drive, SERVER, ())["user_data"] == b""


def test_user_data_that_is_not_base64_is_refused() -> None:
    drive = DriveGoal(hostname="h", name="h", project="p", user_data="~~~")
    with pytest.raises(errors.BadRequest, match="not base64"):
        config_drive.files(drive, SERVER, ())


def test_a_port_without_dhcp_and_address_has_a_link_only() -> None:
    network = NetworkGoal(id="n", cidr="", gateway=None, dhcp=False)
    made = config_drive.network_data((port(network=network, address=None),))
    assert (len(made["links"]), made["networks"], made["services"]) == (1, [], [])


def test_dhcp_needs_no_address() -> None:
    made = config_drive.network_data((port(),))
    assert made["networks"] == [{"id": "network0", "link": "link0", "network_id": "n", "type": "ipv4_dhcp"}]
    assert made["services"] == [{"type": "dns", "address": "9.9.9.9"}]
