"""An API with what servers are made of: an image, a flavor, a network and a host."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from falcon import testing

from common import wire
from common.model.host import Host, HostState
from common.model.image import Image, ImageStatus
from common.model.server import Server
from controller.db import hosts, ledger, servers, workflows
from controller.db.images import IMAGES
from tests.services.api import Api

GIB = 1024**3


@dataclass
class Compute:
    """The API with things in it that belong to the project demo (the flavor to everyone)."""

    api: Api
    project: str = ""
    image: str = "11111111-1111-4111-8111-111111111111"
    flavor: str = "f1"
    network: str = ""
    subnet: str = ""
    host: str = "22222222-2222-4222-8222-222222222222"
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, json: Any = None, user: str = "demo", **more: Any) -> testing.Result:
        """Make a request as a user; a token is taken once."""
        if user not in self.tokens:
            self.tokens[user] = self.api.login(user)
        headers = {"X-Auth-Token": self.tokens[user], **more.pop("headers", {})}
        if json is not None:
            more["json"] = json
        return self.api.client.simulate_request(method, path, headers=headers, **more)

    def image_with(self, **fields: Any) -> str:
        """Put an image there; gives its id."""
        now = self.api.clock.now()
        base = {"id": self.image, "project_id": self.project, "name": "img", "status": ImageStatus.ACTIVE}
        more = {"disk_format": "raw", "digest": "d" * 64, "size": 1, "virtual_size": GIB}
        image = Image(**base | more | {"created_at": now, "updated_at": now} | fields)
        with self.api.services.store.tx() as tx:
            IMAGES.add(tx, [image])
        return image.id

    def create(self, user: str = "demo", status: int = 202, **fields: Any) -> Any:
        """Ask for a server; gives the answer's body."""
        body = {"name": "vm", "imageRef": self.image, "flavorRef": self.flavor} | fields
        answer = self.call("POST", "/compute/v2.1/servers", {"server": body}, user)
        assert answer.status_code == status, answer.text
        return answer.json

    def server(self, **fields: Any) -> str:
        """Make a server and let its create be over; gives its id."""
        made: str = self.create(networks=[{"uuid": self.network}])["server"]["id"]
        self.settle(made, **{"state": "ACTIVE", "task": None, "seen": "on", "host_id": self.host} | fields)
        return made

    def settle(self, server: str, **fields: Any) -> None:
        """End what is being done to a server, and change its row."""
        with self.api.services.store.tx() as tx:
            row = msgspec.to_builtins(servers.get(tx, [server])[server]) | fields
            servers.save(tx, [msgspec.convert(row, Server)])
            workflows.supersede(tx, [server], self.api.clock.now())

    def show(self, server: str, user: str = "demo") -> Any:
        """Show a server."""
        return self.call("GET", f"/compute/v2.1/servers/{server}", user=user).json["server"]


def compute(served: Api) -> Compute:
    """Put those things there."""
    made = Compute(served)
    made.project = made.call("GET", "/identity/v3/auth/projects").json["projects"][0]["id"]
    made.image_with()
    flavor = {"id": made.flavor, "name": "small", "ram": 512, "vcpus": 1, "disk": 2}
    flavored = made.call("POST", "/compute/v2.1/flavors", {"flavor": flavor}, "admin")
    assert flavored.status_code == 200, flavored.text
    network = made.call("POST", "/network/v2.0/networks", {"network": {"name": "net"}})
    made.network = network.json["network"]["id"]
    subnet = {"network_id": made.network, "cidr": "10.7.0.0/24", "ip_version": 4}
    made.subnet = made.call("POST", "/network/v2.0/subnets", {"subnet": subnet}).json["subnet"]["id"]
    _host(made)
    return made


def _host(made: Compute) -> None:
    now = made.api.clock.now()
    inventory = wire.Inventory(
        cpus=4,
        memory_mib=8192,
        disk_gib=100,
        disk_free_gib=90,
        reserved={"MEMORY_MB": 1024},
        routes=tuple(
            wire.Route(cidr=cidr, device=device)
            for cidr, device in (
                ("0.0.0.0/0", "eth0"),
                ("192.168.50.0/24", "eth0"),
                ("fe80::/64", "eth0"),
                ("10.90.0.0/24", "tbr-00000000000"),
            )
        ),
        versions={"qemu": "7.2.5"},
    )
    host = Host(
        id=made.host,
        name="host1",
        generation=1,
        epoch=1,
        boot_id="b",
        state=HostState.UP,
        enabled=True,
        heard_at=now,
        lease_until=now + timedelta(hours=1),
        inventory=msgspec.to_builtins(inventory),
    )
    with made.api.services.store.tx() as tx:
        hosts.add(tx, host)
        ledger.apply_inventory(tx, host.id, inventory, made.api.services.settings.scheduler)
