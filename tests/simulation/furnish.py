"""What a simulated fleet begins with: a project, a flavor, an image, a network."""

from datetime import UTC, datetime

import msgspec

from common.model.flavor import Flavor
from common.model.image import Image, ImageStatus
from common.model.network import Network, Subnet
from common.settings import Agent, Controller, Settings
from compute_agent.driver import memory
from controller.db import flavors, images, networks, subnets, tables
from controller.db.engine import Store

PROJECT = "11111111-1111-4111-8111-111111111111"
IMAGE = "22222222-2222-4222-8222-222222222222"
NETWORK = "33333333-3333-4333-8333-333333333333"
SUBNET = "44444444-4444-4444-8444-444444444444"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

SETTINGS = Settings(
    controller=Controller(build_seconds=600.0, act_seconds=300.0, command_seconds=600.0),
    agent=Agent(
        heartbeat_seconds=15.0, states_seconds=25.0, usage_seconds=900.0, inventory_seconds=300.0, shutdown_seconds=5.0
    ),
)
"""As delivered, but for times that would only stretch the runs."""

INVENTORY = msgspec.structs.replace(memory.INVENTORY, memory_mib=1024 + 3 * 320)
"""A host has room for three servers, so that some find none."""


def furnish(store: Store) -> None:
    """Put in place what servers are made of."""
    with store.tx() as tx:
        tx.put(tables.project, [{"id": PROJECT, "name": "demo"}])
        flavors.FLAVORS.add(tx, [Flavor(id="1", name="tiny", vcpus=1, ram_mib=256, disk_gib=1)])
        images.IMAGES.add(tx, [_image()])
        networks.add(tx, Network(id=NETWORK, project_id=PROJECT, name="net", created_at=NOW, updated_at=NOW))
        subnets.add(tx, _subnet())


def _image() -> Image:
    return Image(
        id=IMAGE,
        project_id=PROJECT,
        name="tiny",
        status=ImageStatus.ACTIVE,
        created_at=NOW,
        updated_at=NOW,
        disk_format="qcow2",
        container_format="bare",
        size=1024,
        virtual_size=2048,
        digest="d" * 64,
    )


def _subnet() -> Subnet:
    return Subnet(
        id=SUBNET,
        network_id=NETWORK,
        project_id=PROJECT,
        name="sub",
        cidr="10.0.0.0/24",
        gateway_ip="10.0.0.1",
        pools=(("10.0.0.2", "10.0.0.254"),),
        created_at=NOW,
        updated_at=NOW,
    )
