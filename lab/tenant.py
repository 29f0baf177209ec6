"""Who uses a lab and what they find there: two clouds, a tenant, an image, a flavor and a network."""

import time

import openstack
from openstack.config import OpenStackConfig

from controller.cmd import clouds
from lab import places
from lab.plan import Plan

TENANT, ADMIN = "lab", "lab-admin"
ACCOUNTS = {TENANT: ("demo", "demo", "member"), ADMIN: ("admin", "admin", "admin")}
FLAVOR = {"name": "tiny", "vcpus": 1, "ram": 128, "disk": 1}
SUBNET = "10.20.0.0/24"


def write_clouds(plan: Plan) -> None:
    """Write clouds.yaml."""
    clouds.write(places.CLOUDS, plan.api_url, dict.fromkeys(ACCOUNTS, plan.password), ACCOUNTS)


def cloud(name: str) -> openstack.connection.Connection:
    """Enter a cloud of the lab."""
    config = OpenStackConfig(config_files=[str(places.CLOUDS)], vendor_files=[], secure_files=[])
    return openstack.connection.Connection(config=config.get_one(cloud=name))


def wait_for_hosts(plan: Plan, seconds: float = 120) -> None:
    """Wait until every host is up.

    :raises RuntimeError: one is not, after so long; names those that are.
    """
    admin = cloud(ADMIN)
    end = time.monotonic() + seconds
    while True:
        up = {host.name for host in admin.compute.hypervisors(details=True) if host.state == "up"}
        if up >= set(plan.host_names):
            return
        if time.monotonic() > end:
            raise RuntimeError(f"of {plan.hosts} hosts only these are up: {', '.join(sorted(up))}; see {places.LOG}")
        time.sleep(0.2)


def furnish() -> None:
    """Make the tenant, and what its first server needs."""
    admin = cloud(ADMIN)
    user, project, role = ACCOUNTS[TENANT]
    made = admin.identity.create_project(name=project)
    member = admin.identity.create_user(name=user, password=admin.config.auth["password"])
    admin.identity.assign_project_role_to_user(made, member, admin.identity.find_role(role))
    with places.IMAGE.open("rb") as content:
        admin.create_image(
            "tiny", data=content, disk_format="qcow2", container_format="bare", visibility="public", wait=True
        )
    admin.compute.create_flavor(**FLAVOR)
    tenant = cloud(TENANT)
    network = tenant.network.create_network(name="net")
    tenant.network.create_subnet(network_id=network.id, name="net", ip_version=4, cidr=SUBNET)
