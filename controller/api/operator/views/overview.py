"""The overview's parts as JSON. Ages are seconds, so that a reader needs no clock of ours."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from common.model.controller import Controller
from controller.db import sight
from controller.sight.readings import age_of, step_name
from controller.workflow.presence import ALIVE
from controller.workflow.registry import WORKFLOWS


def moment(at: datetime) -> str:
    """Write a time to the microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def controller(found: Controller, now: datetime) -> dict[str, Any]:
    """Show a controller; one that was not heard for a while is not alive."""
    silent = age_of(found.seen_at, now)
    return {
        "name": found.name,
        "url": found.url,
        "version": found.version,
        "up_seconds": age_of(found.started_at, found.seen_at),
        "silent_seconds": silent,
        "alive": silent < ALIVE.total_seconds(),
        "gauges": found.gauges,
    }


def lease(found: sight.Lease, now: datetime) -> dict[str, Any]:
    """Show a lease; one that ran out has no holder."""
    return {"name": found.name, "holder": found.holder if found.until > now else ""}


def queue(found: sight.Queue, now: datetime) -> dict[str, Any]:
    """Show a queue."""
    return {"rows": found.rows, "oldest_seconds": age_of(found.since, now) if found.since else 0.0}


def group(found: sight.Group, now: datetime) -> dict[str, Any]:
    """Show live workflows that stand at one step."""
    return {
        "kind": found.kind,
        "step": step_name(WORKFLOWS, found.kind, found.position),
        "direction": found.direction,
        "number": found.number,
        "oldest_seconds": age_of(found.since, now),
    }


def rates(ended: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """Show what ended a second lately, by kind and how it ended."""
    return [
        {"kind": kind, "state": state, "per_second": number / sight.RATE_SECONDS}
        for (kind, state), number in sorted(ended.items())
    ]


def hosts(found: Sequence[sight.Seen], servers: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    """Show hosts in the order they came in."""
    return [_host(host, servers.get(host.id, 0), now) for host in found]


def _host(host: sight.Seen, servers: int, now: datetime) -> dict[str, Any]:
    return {
        "id": host.id,
        "name": host.name,
        "state": host.state,
        "enabled": host.enabled,
        "trouble": host.degraded or ("muted: it says too much" if host.muted_at else "") or host.closed,
        "silent_seconds": age_of(host.heard_at, now),
        "lease_seconds": (host.lease_until - now).total_seconds(),
        "epoch": host.epoch,
        "version": host.version,
        "servers": servers,
        "cpu_percent": host.cpu_percent,
        "memory_used_mib": host.memory_used_mib,
    }
