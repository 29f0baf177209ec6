"""What servers are made of: flavors, keypairs, images, networks."""

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, Table, Text

from controller.db.tables.base import UtcTime, metadata

flavor = Table(
    "flavor",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("vcpus", Integer, nullable=False),
    Column("ram_mib", Integer, nullable=False),
    Column("disk_gib", Integer, nullable=False),
    Column("ephemeral_gib", Integer, nullable=False, default=0),
    Column("swap_mib", Integer, nullable=False, default=0),
    Column("rxtx_factor", sa.Double, nullable=False, default=1.0),
    Column("is_public", Boolean, nullable=False, default=True),
    Column("extra_specs", JSON, nullable=False, default=dict),
)
keypair = Table(
    "keypair",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("public_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)
image = Table(
    "image",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text),
    Column("status", Text, nullable=False),
    Column("disk_format", Text),
    Column("container_format", Text),
    Column("visibility", Text, nullable=False),
    Column("protected", Boolean, nullable=False, default=False),
    Column("hidden", Boolean, nullable=False, default=False),
    Column("min_disk", Integer, nullable=False, default=0),
    Column("min_ram", Integer, nullable=False, default=0),
    Column("size", BigInteger),
    Column("virtual_size", BigInteger),
    Column("md5", Text),
    Column("digest", Text, index=True),
    Column("tags", JSON, nullable=False, default=list),
    Column("properties", JSON, nullable=False, default=dict),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
image_copy = Table(
    "image_copy",
    metadata,
    Column("image_id", Text, ForeignKey("image.id"), primary_key=True),
    Column("controller", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)
network = Table(
    "network",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("mtu", Integer, nullable=False),
    Column("shared", Boolean, nullable=False, default=False),
    Column("admin_state_up", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
subnet = Table(
    "subnet",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("network.id"), nullable=False, index=True),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("cidr", Text, nullable=False),
    Column("gateway_ip", Text),
    Column("pools", JSON, nullable=False),
    Column("dns_nameservers", JSON, nullable=False, default=list),
    Column("enable_dhcp", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("fresh", BigInteger),  # the first address, as a number, that was never used
)
port = Table(
    "port",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("network.id"), nullable=False, index=True),
    Column("subnet_id", Text, ForeignKey("subnet.id")),
    Column("project_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False, default=""),
    Column("description", Text, nullable=False, default=""),
    Column("mac", Text, nullable=False, unique=True),
    Column("tap", Text, nullable=False, unique=True),
    Column("address", Text),
    Column("device_id", Text, nullable=False, default="", index=True),
    Column("device_owner", Text, nullable=False, default=""),
    Column("host_id", Text),
    Column("made_by_server", Boolean, nullable=False, default=False),
    Column("position", Integer, nullable=False, default=0),
    Column("admin_state_up", Boolean, nullable=False, default=True),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sa.UniqueConstraint("subnet_id", "address"),
)
freed_address = Table(
    "freed_address",
    metadata,
    Column("subnet_id", Text, ForeignKey("subnet.id", ondelete="CASCADE"), primary_key=True),
    Column("address", Text, primary_key=True),
    Column("freed_at", UtcTime, nullable=False),
)
