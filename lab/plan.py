"""What a lab consists of and where each part answers. Written down for the commands that come later."""

import secrets
import socket
from collections.abc import Iterator

import msgspec

from lab import places

FIRST_PORT = 21770
"""Below the ports that the kernel lends to clients: one of those might sit on a server's port while that is down."""

PORTS = ("api", "controller", "controller-2", "amqp", "amqp-nodes", "epmd", "management", "postgresql")


FILE = places.RUN / "plan.json"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A lab. ``address`` is where its hosts reach the machine; ``memory_mib`` is what each offers to guests."""

    hosts: int
    controllers: int
    driver: str
    memory_mib: int
    address: str
    ports: dict[str, int]
    password: str

    @property
    def host_names(self) -> list[str]:
        """Give the hosts' names."""
        return [f"host{n}" for n in range(1, self.hosts + 1)]

    @property
    def controller_names(self) -> list[str]:
        """Give the controllers' names."""
        return ["controller", "controller-2"][: self.controllers]

    @property
    def api_url(self) -> str:
        """Give the URL that clients use."""
        return f"http://{self.address}:{self.ports['api' if self.controllers > 1 else 'controller']}"

    @property
    def database_url(self) -> str:
        """Give the database's URL."""
        return f"postgresql+psycopg://toft@127.0.0.1:{self.ports['postgresql']}/toft_1"

    @property
    def bus_url(self) -> str:
        """Give the broker's URL, for the controllers."""
        return f"amqp://toft:{self.password}@{self.address}:{self.ports['amqp']}//"

    @property
    def management_url(self) -> str:
        """Give the URL of the broker's management API."""
        return f"http://toft:{self.password}@127.0.0.1:{self.ports['management']}"

    def save(self) -> None:
        """Write it down, for this user only."""
        FILE.write_bytes(msgspec.json.encode(self))
        FILE.chmod(0o600)


def new(hosts: int, controllers: int, driver: str, memory_mib: int) -> Plan:
    """Plan a lab on ports that are free now."""
    return Plan(
        hosts=hosts,
        controllers=controllers,
        driver=driver,
        memory_mib=memory_mib,
        address=f"{places.NETWORK}.1" if driver == "libvirt" else "127.0.0.1",
        ports=dict(zip(PORTS, _free_ports(), strict=False)),
        password=secrets.token_urlsafe(12),
    )


def exists() -> bool:
    """Say whether a lab is here."""
    return FILE.exists()


def load() -> Plan:
    """Give the plan of the lab that runs.

    :raises FileNotFoundError: there is none.
    """
    return msgspec.json.decode(FILE.read_bytes(), type=Plan)


def _free_ports() -> Iterator[int]:
    for port in range(FIRST_PORT, FIRST_PORT + 1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                yield port
