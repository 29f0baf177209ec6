"""Limits: what the project may have, and has."""

from typing import Any

from controller.admission.images import PROPERTIES
from controller.admission.server_metadata import ITEMS
from controller.api.http import Answer, Request, ok
from controller.db import quotas

LIST: dict[str, Any] = {"type": "object", "properties": {"tenant_id": {"type": "string"}}}


def show(req: Request) -> Answer:
    """Show the limits of the caller's project; operators may name another."""
    req.allow("compute:limits:read")
    project = req.query(LIST).get("tenant_id", req.project_id)
    req.allow("compute:limits:read", project_id=project)
    limits = req.services.settings.quota
    with req.read() as tx:
        have = quotas.usage(tx, limits, project)
    absolute = {
        "maxTotalInstances": have["servers"].max,
        "maxTotalCores": have["cores"].max,
        "maxTotalRAMSize": have["ram"].max,
        "maxTotalKeypairs": limits.keypairs,
        "maxServerMeta": ITEMS,
        "maxImageMeta": PROPERTIES,
        "totalInstancesUsed": have["servers"].used,
        "totalCoresUsed": have["cores"].used,
        "totalRAMUsed": have["ram"].used,
        "maxServerGroups": have["server_groups"].max,
        "maxServerGroupMembers": limits.server_group_members,
        "totalServerGroupsUsed": have["server_groups"].used,
    }
    return ok({"limits": {"rate": [], "absolute": absolute | NONE_YET}})


NONE_YET = {
    "maxPersonality": 0,
    "maxPersonalitySize": 0,
    "maxSecurityGroups": 0,
    "maxSecurityGroupRules": 0,
    "maxTotalFloatingIps": 0,
    "totalFloatingIpsUsed": 0,
    "totalSecurityGroupsUsed": 0,
}
"""Limits that Nova has at 2.1 on things that are not offered."""
