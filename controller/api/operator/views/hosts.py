"""Hosts as JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from common.clock import wire_time
from common.model.host import Host, HostState
from controller.db.credentials import Credential
from controller.db.hosts import Stranger
from controller.db.ledger import Stock


def host(host: Host, servers: int = 0, strangers: int = 0) -> dict[str, Any]:
    """Show a host in one line, with how many servers of ours live there, and how many other domains."""
    return {
        "id": host.id,
        "name": host.name,
        "state": host.state.value,
        "enabled": host.enabled,
        "disabled_reason": host.disabled_reason or None,
        "closed": host.closed or None,
        "degraded": host.degraded,
        "muted_at": _moment(host.muted_at),
        "held": host.held,
        "epoch": host.epoch,
        "version": host.version,
        "heard_at": None if host.state is HostState.NEW else wire_time(host.heard_at),
        "servers": servers,
        "strangers": strangers,
    }


def details(host: Host, mine: Sequence[Credential], stocks: Mapping[str, Stock]) -> dict[str, Any]:
    """Show what one line has no room for."""
    return {
        "boot_id": host.boot_id or None,
        "lease_until": wire_time(host.lease_until),
        "has": {name: stock._asdict() for name, stock in sorted(stocks.items())},
        "credentials": [_credential(each, host) for each in mine],
    }


def _credential(credential: Credential, host: Host) -> dict[str, Any]:
    return {
        "id": credential.id,
        "broker_user": credential.broker_user,
        "created_at": wire_time(credential.created_at),
        "retires_at": _moment(credential.retires_at),
        "in_use": credential.id == host.credential,
    }


def stranger(stranger: Stranger, name: str) -> dict[str, Any]:
    """Show a domain that is none of ours."""
    return {
        "host": name,
        "host_id": stranger.host_id,
        "domain": stranger.domain,
        "first_seen": wire_time(stranger.first_seen),
        "reason": stranger.reason,
    }


def _moment(at: datetime | None) -> str | None:
    return wire_time(at) if at else None
