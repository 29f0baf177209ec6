"""Hosts as JSON."""

from typing import Any

from common.clock import wire_time
from common.model.host import Host


def host(host: Host, servers: int) -> dict[str, Any]:
    """Show a host in one line; ``servers`` counts those that are there."""
    return {
        "id": host.id,
        "name": host.name,
        "state": host.state.value,
        "enabled": host.enabled,
        "disabled_reason": host.disabled_reason or None,
        "closed": host.closed or None,
        "epoch": host.epoch,
        "heard_at": wire_time(host.heard_at),
        "servers": servers,
    }
