"""Servers: what tenants came for."""

from datetime import datetime
from typing import Self

import msgspec

from common import states
from common.guest import Guest
from common.model import Record
from common.states import Power, State, Task
from common.wire import Hardware, Placement


class Fault(Record, frozen=True):
    """Why a server is in ERROR, for its tenant to read. ``code`` is an error's stable code."""

    code: str
    message: str
    at: datetime


class NetworkAsk(Record, frozen=True):
    """One NIC that a create asked for: a port that exists, or a network (with or without an address)."""

    port_id: str | None = None
    network_id: str | None = None
    address: str | None = None


class Server(Record, frozen=True):
    """A server. ``power`` is the wish, ``seen`` what its host last reported; ``generation`` grows with each new wish.

    ``flavor_*`` and ``key_*`` are as they were at the create: a later change of either does not touch the server.
    ``zone``, ``hints`` and ``group_id`` say where it may go: the availability zone; ``same_host`` and
    ``different_host`` (lists of servers' ids) and ``host`` (a host's id); the server group, which may be gone since.
    ``place``: the cells, CPUs and devices that it has of its host; None where all of it may float.
    """

    id: str
    project_id: str
    user_id: str
    name: str
    state: State
    power: Power
    generation: int
    flavor_id: str
    flavor_name: str
    guest: Guest
    image_id: str
    created_at: datetime
    updated_at: datetime
    seen: Power | None = None
    task: Task | None = None
    host_id: str | None = None
    key_name: str | None = None
    public_key: str | None = None
    user_data: str | None = None
    config_drive: bool = True
    metadata: dict[str, str] = {}
    asks: tuple[NetworkAsk, ...] | None = None
    reservation_id: str = ""
    launch_index: int = 0
    launched_at: datetime | None = None
    deleted_at: datetime | None = None
    fault: Fault | None = None
    hardware: Hardware | None = None
    request_id: str = ""
    zone: str | None = None
    hints: dict[str, object] = {}
    group_id: str | None = None
    place: Placement | None = None

    def moved(self, event: str, at: datetime) -> Self:
        """Give the server after ``event``, with no task left.

        :raises Conflict: when a server in this state cannot do that.
        """
        return msgspec.structs.replace(self, state=states.moved(self.state, event), task=None, updated_at=at)
