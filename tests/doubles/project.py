"""What a project's servers are made of, in tests without an API: a flavor, an image, a network with a subnet."""

from datetime import datetime

from common.model.flavor import Flavor
from common.model.image import Image, ImageStatus
from common.model.network import Network, Subnet
from controller.db import flavors, images, networks, subnets, tables
from controller.db.engine import Tx

PROJECT = "11111111-1111-4111-8111-111111111111"
IMAGE = "22222222-2222-4222-8222-222222222222"
NETWORK = "33333333-3333-4333-8333-333333333333"
SUBNET = "44444444-4444-4444-8444-444444444444"


def furnish(tx: Tx, now: datetime) -> None:
    """Put it all in place."""
    tx.put(tables.project, [{"id": PROJECT, "name": "demo"}])
    flavors.FLAVORS.add(tx, [Flavor(id="1", name="tiny", vcpus=1, ram_mib=256, disk_gib=1)])
    images.IMAGES.add(tx, [image(now)])
    networks.add(tx, Network(id=NETWORK, project_id=PROJECT, name="net", created_at=now, updated_at=now))
    subnets.add(tx, subnet(now))


def image(now: datetime) -> Image:
    """Give an image that is ready."""
    return Image(
        id=IMAGE,
        project_id=PROJECT,
        name="tiny",
        status=ImageStatus.ACTIVE,
        created_at=now,
        updated_at=now,
        disk_format="qcow2",
        container_format="bare",
        size=1024,
        virtual_size=2048,
        digest="d" * 64,
    )


def subnet(now: datetime) -> Subnet:
    """Give the network's range of addresses."""
    return Subnet(
        id=SUBNET,
        network_id=NETWORK,
        project_id=PROJECT,
        name="sub",
        cidr="10.0.0.0/24",
        gateway_ip="10.0.0.1",
        pools=(("10.0.0.2", "10.0.0.254"),),
        created_at=now,
        updated_at=now,
    )
