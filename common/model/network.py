"""Networks, their subnets and ports."""

from datetime import datetime

from common.model import Record


class Network(Record, frozen=True):
    """A layer-2 segment. Host-local for now: the same on each host, with no traffic between hosts."""

    id: str
    project_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    mtu: int = 1500
    shared: bool = False
    admin_state_up: bool = True
    description: str = ""


class Subnet(Record, frozen=True):
    """A range of addresses in a network. ``pools`` are (first, last) pairs, both included."""

    id: str
    network_id: str
    project_id: str
    name: str
    cidr: str
    gateway_ip: str | None
    created_at: datetime
    updated_at: datetime
    pools: tuple[tuple[str, str], ...] = ()
    dns_nameservers: tuple[str, ...] = ()
    enable_dhcp: bool = True
    description: str = ""


class Port(Record, frozen=True):
    """A place on a network: a MAC and a fixed address. ``device_id`` is the server that has it, or empty."""

    id: str
    network_id: str
    subnet_id: str | None
    project_id: str
    name: str
    mac: str
    address: str | None
    created_at: datetime
    updated_at: datetime
    device_id: str = ""
    device_owner: str = ""
    host_id: str | None = None
    made_by_server: bool = False
    position: int = 0
    admin_state_up: bool = True
    description: str = ""
