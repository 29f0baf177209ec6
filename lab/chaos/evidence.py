"""What is there, from every side: the API, the database, and each host's libvirt and files."""

import subprocess
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from controller.db import ledger, tables
from controller.db.engine import Store, Tx
from lab import places
from lab.chaos.client import Client
from lab.plan import Plan


@dataclass(frozen=True)
class Evidence:
    """All sides at one moment. ``domains`` and ``folders`` are by host; ``claims`` and ``ports`` are servers' ids."""

    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    domains: dict[str, dict[str, str]] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    counted: int = 0
    workflows: int = 0
    outbox: int = 0
    ledger: list[str] = field(default_factory=list)


def gather(plan: Plan, client: Client) -> Evidence:
    """Look at all sides.

    :raises GaveUp, DatabaseUnavailable, CalledProcessError: one of them does not answer yet.
    """
    hosts = plan.host_names if plan.driver == "libvirt" else []
    servers = {server["id"]: server for server in client.servers()}
    domains = {host: _domains(host) for host in hosts}
    folders = {host: _folders(host) for host in hosts}
    store = Store(plan.database_url, 1)
    try:
        with store.read() as tx:
            return Evidence(servers, domains, folders, **_database(tx))
    finally:
        store.close()


def _domains(host: str) -> dict[str, str]:
    """Give the state of each domain of a host, by server."""
    lines = _on(host, "virsh", "-q", "list", "--all").splitlines()
    return {name: state.strip() for _, name, state in (line.split(None, 2) for line in lines if line)}


def _folders(host: str) -> set[str]:
    folder = places.STATE / host / "state" / "instances"
    return set(_on(host, "ls", str(folder)).split()) - {"lost+found"}


def _on(host: str, *words: str) -> str:
    command = [str(places.ROOT / "lab" / "on"), host, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def _database(tx: Tx) -> dict[str, Any]:
    t = tables

    def ids(column: "sa.Column[Any]") -> set[str]:
        return {value for (value,) in tx.rows(sa.select(column).distinct()) if value}

    def count(statement: "sa.Select[Any]") -> int:
        return int(tx.rows(sa.select(sa.func.count()).select_from(statement.subquery()))[0][0])

    used = sa.select(t.quota_use.c.used).where(t.quota_use.c.resource == "servers")
    return {
        "claims": ids(t.allocation.c.consumer),
        "ports": ids(t.port.c.device_id),
        "counted": sum(amount for (amount,) in tx.rows(used)),
        "workflows": count(sa.select(t.workflow.c.id).where(t.workflow.c.state == "live")),
        "outbox": count(sa.select(t.outbox.c.id)),
        "ledger": ledger.verify(tx),
    }
