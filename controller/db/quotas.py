"""Quotas in SQL: what each project has and may have, counted in the transaction that adds or takes away.

A row is made when something is first counted; its ``max`` is the setting of that moment and is then the project's own.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from common import errors, settings
from common.guest import Guest
from controller.db import tables
from controller.db.engine import Tx

_WHERE = ("project_id", "resource")
_table = tables.quota_use


class Use(NamedTuple):
    """What is used of a resource, and the most that may be; -1 is without limit."""

    used: int
    max: int


def of_server(guest: Guest) -> dict[str, int]:
    """Give what a server of this hardware counts."""
    return {"servers": 1, "cores": guest.vcpus, "ram": guest.memory_mib}


def count(tx: Tx, limits: settings.Quota, project: str, amounts: Mapping[str, int]) -> None:
    """Add to what a project uses, by resource (``servers``, ``cores``, ``ram`` in MiB, and so on).

    :raises QuotaExceeded: it would have more than it may; names the resource, what is asked, used and allowed.
    """
    have = _locked(tx, limits, project, amounts)
    for resource, asked in sorted(amounts.items()):
        used, most = have[resource]
        if 0 <= most < used + asked:
            raise errors.QuotaExceeded(
                f"Quota exceeded for {resource}: Requested {asked}, but already used {used} of {most} {resource}"
            )
    _add(tx, project, amounts)


def free(tx: Tx, project: str, amounts: Mapping[str, int]) -> None:
    """Take back what was counted.

    :raises Conflict: more than is used; nothing can free what was never counted.
    """
    if _add(tx, project, {resource: -amount for resource, amount in amounts.items()}) != len(amounts):
        raise errors.Conflict(f"quota of project {project}: {', '.join(sorted(amounts))} was never counted")


def usage(tx: Tx, limits: settings.Quota, project: str) -> dict[str, Use]:
    """Give what a project uses of each resource and what it may have."""
    unused = {resource: Use(0, most) for resource, most in msgspec.structs.asdict(limits).items()}
    return unused | _read(tx, _rows(project))


def set_max(tx: Tx, limits: settings.Quota, project: str, resource: str, most: int) -> None:
    """Say how much of a resource a project may have; -1 is without limit.

    :raises Conflict: it uses more already.
    """
    used = _locked(tx, limits, project, [resource])[resource].used
    if 0 <= most < used:
        raise errors.Conflict(f"{resource}: {used} in use, the limit cannot be {most}")
    tx.change(_table, [{"project_id": project, "resource": resource, "max": most}], where=_WHERE)


def _rows(project: str) -> sa.Select[tuple[str, int, int]]:
    return sa.select(_table.c.resource, _table.c.used, _table.c.max).where(_table.c.project_id == project)


def _read(tx: Tx, statement: sa.Select[tuple[str, int, int]]) -> dict[str, Use]:
    return {resource: Use(used, most) for resource, used, most in tx.rows(statement)}


def _locked(tx: Tx, limits: settings.Quota, project: str, resources: Iterable[str]) -> dict[str, Use]:
    """Read a project's rows, made if need be, so that nobody else counts before this transaction ends."""
    wanted = sorted(resources)
    rows = [{"project_id": project, "resource": r, "used": 0, "max": getattr(limits, r)} for r in wanted]
    tx.ensure(_table, rows)
    mine = _rows(project).where(_table.c.resource.in_(wanted)).order_by(_table.c.resource)
    return _read(tx, mine.with_for_update())


def _add(tx: Tx, project: str, amounts: Mapping[str, int]) -> int:
    rows = [{"project_id": project, "resource": r, "used": n} for r, n in sorted(amounts.items())]
    return tx.change(_table, rows, where=_WHERE, add=("used",))
