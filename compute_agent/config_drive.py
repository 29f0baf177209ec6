"""The config drive: a read-only disk on which the guest's cloud-init finds its name, keys, network and user data.

ISO 9660 with Joliet and Rock Ridge, label ``config-2``, laid out as OpenStack's guests expect: the same files below
``openstack/latest`` and ``openstack/2018-08-27``.
"""

import base64
import binascii
import io
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from common import errors
from common.durable import written_whole
from common.wire import DriveGoal, PortGoal

if TYPE_CHECKING:
    import pycdlib

LABEL = "config-2"
VERSIONS = ("latest", "2018-08-27")
"""Folders that hold the files; the dated one is the newest layout that we write whole."""

ANYWHERE = "0.0.0.0"  # noqa: S104 - the default route's network and netmask, nothing listens on it


def meta_data(drive: DriveGoal, server: str) -> dict[str, Any]:
    """Give ``meta_data.json``: who the server is and who may log in."""
    return {
        "uuid": server,
        "name": drive.name,
        "hostname": drive.hostname,
        "launch_index": drive.launch_index,
        "project_id": drive.project,
        "availability_zone": "nova",
        "meta": drive.metadata,
        "public_keys": drive.keys,
        "keys": [{"name": name, "type": "ssh", "data": key} for name, key in drive.keys.items()],
        "devices": [],
    }


def network_data(ports: tuple[PortGoal, ...]) -> dict[str, Any]:
    """Give ``network_data.json``: a link for each port, and how it gets its address."""
    servers = dict.fromkeys(server for port in ports for server in port.network.dns)
    return {
        "links": [_link(number, port) for number, port in enumerate(ports)],
        "networks": [entry for number, port in enumerate(ports) for entry in _network(number, port)],
        "services": [{"type": "dns", "address": server} for server in servers],
    }


def _link(number: int, port: PortGoal) -> dict[str, Any]:
    return {
        "id": f"link{number}",
        "vif_id": port.id,
        "type": "bridge",
        "ethernet_mac_address": port.mac,
        "mtu": port.network.mtu,
    }


def _network(number: int, port: PortGoal) -> list[dict[str, Any]]:
    """Describe the port's addressing; a port with neither DHCP nor an address has none."""
    network = port.network
    entry = {"id": f"network{number}", "link": f"link{number}", "network_id": network.id}
    if network.serves_dhcp:
        return [entry | {"type": "ipv4_dhcp"}]
    if port.address is None:
        return []
    routes = [{"network": ANYWHERE, "netmask": ANYWHERE, "gateway": network.gateway}] if network.gateway else []
    netmask = str(ipaddress.ip_network(network.cidr).netmask)
    services = [{"type": "dns", "address": server} for server in network.dns]
    static = {"ip_address": port.address, "netmask": netmask, "routes": routes, "services": services}
    return [entry | {"type": "ipv4"} | static]


def files(drive: DriveGoal, server: str, ports: tuple[PortGoal, ...]) -> dict[str, bytes]:
    """Give the name and content of each file of a version's folder. No user data, no such file.

    :raises BadRequest: the user data is not base64.
    """
    content = {
        "meta_data.json": msgspec.json.encode(meta_data(drive, server)),
        "network_data.json": msgspec.json.encode(network_data(ports)),
        "vendor_data.json": b"{}",
    }
    if drive.user_data is not None:
        try:
            content["user_data"] = base64.b64decode(drive.user_data, validate=True)
        except binascii.Error as error:
            raise errors.BadRequest(f"user_data is not base64: {error}") from error
    return content


def _image(content: dict[str, bytes]) -> "pycdlib.PyCdlib":
    """Make the ISO in memory, with each file under every version."""
    import pycdlib  # not before the first config drive: most of an agent's life passes without one

    iso = pycdlib.PyCdlib()
    # level 4 lets the plain ISO names be the real ones, for readers that know neither extension
    iso.new(interchange_level=4, vol_ident=LABEL, joliet=3, rock_ridge="1.09")
    iso.add_directory("/openstack", rr_name="openstack", joliet_path="/openstack")
    for version in VERSIONS:
        folder = f"/openstack/{version}"
        iso.add_directory(folder, rr_name=version, joliet_path=folder)
        for name, data in content.items():
            path = f"{folder}/{name}"
            iso.add_fp(io.BytesIO(data), len(data), path, rr_name=name, joliet_path=path, file_mode=0o100444)
    return iso


def write(path: Path, drive: DriveGoal, server: str, ports: tuple[PortGoal, ...]) -> None:
    """Write the drive to ``path``, whole or not at all.

    It holds secrets, so only its owner may read it; the hypervisor takes ownership when the guest starts.

    :raises BadRequest: the user data is not base64.
    :raises HypervisorError: the file cannot be written.
    """
    iso = _image(files(drive, server, ports))
    try:
        with written_whole(path) as file:
            iso.write_fp(file)
    except OSError as error:
        raise errors.HypervisorError(f"cannot write the config drive {path}: {error.strerror}") from error
    finally:
        iso.close()
