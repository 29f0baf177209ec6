"""Quotas in SQL: what each project has and may have, counted in the transaction that adds or takes away.

A row is made when something is first counted; its ``max`` is the setting of that moment and is then the project's own.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from common import errors, settings
from common.guest import Guest
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx

_WHERE = ("project_id", "resource")
_table = tables.quota_use
_c = _table.c
_LOCKED = (
    sa.select(_c.project_id, _c.resource, _c.used, _c.max)
    .where(among(_c.project_id, "projects"), among(_c.resource, "resources"))
    .order_by(_c.project_id, _c.resource)
    .with_for_update(key_share=True)
)
_Key = tuple[str, str]
"""A project and a resource."""


class Use(NamedTuple):
    """What is used of a resource, and the most that may be; -1 is without limit."""

    used: int
    max: int


OF_SERVERS = ("servers", "cores", "ram")
"""The resources that servers count."""


def of_server(guest: Guest) -> dict[str, int]:
    """Give what a server of this hardware counts."""
    return {"servers": 1, "cores": guest.vcpus, "ram": guest.memory_mib}


class Tally:
    """The quota rows of some projects, made if need be and locked: what a batch counts is added up and written once."""

    def __init__(self, tx: Tx, limits: settings.Quota, projects: Iterable[str], resources: Iterable[str]) -> None:
        keys = [(project, resource) for project in sorted(projects) for resource in sorted(resources)]
        self._have = _locked(tx, limits, keys)
        self._added: Counter[tuple[str, str]] = Counter()

    def room(self, project: str, each: Mapping[str, int]) -> int:
        """Say how many more things that count ``each`` a project may have; without limit, more than anyone asks for."""
        rooms = [
            (have.max - have.used - self._added[project, resource]) // amount
            for resource, amount in each.items()
            if (have := self._have[project, resource]).max >= 0
        ]
        return min(rooms, default=sys.maxsize)

    def count(self, project: str, amounts: Mapping[str, int]) -> None:
        """Add to what a project uses, by resource.

        :raises QuotaExceeded: it would have more than it may; names the resource, what is asked, used and allowed.
        """
        for resource, asked in sorted(amounts.items()):
            have = self._have[project, resource]
            used = have.used + self._added[project, resource]
            if 0 <= have.max < used + asked:
                raise errors.QuotaExceeded(
                    f"Quota exceeded for {resource}: Requested {asked}, "
                    f"but already used {used} of {have.max} {resource}"
                )
        self._added.update({(project, resource): asked for resource, asked in amounts.items()})

    def write(self, tx: Tx) -> None:
        """Write what was counted."""
        _add(tx, self._added)


def count(tx: Tx, limits: settings.Quota, project: str, amounts: Mapping[str, int]) -> None:
    """Add to what a project uses, by resource (``servers``, ``cores``, ``ram`` in MiB, and so on).

    :raises QuotaExceeded: it would have more than it may; names the resource, what is asked, used and allowed.
    """
    tally = Tally(tx, limits, [project], amounts)
    tally.count(project, amounts)
    tally.write(tx)


def free(tx: Tx, project: str, amounts: Mapping[str, int]) -> None:
    """Take back what was counted.

    :raises Conflict: more than is used; nothing can free what was never counted.
    """
    if _add(tx, {(project, resource): -amount for resource, amount in amounts.items()}) != len(amounts):
        raise errors.Conflict(f"quota of project {project}: {', '.join(sorted(amounts))} was never counted")


def usage(tx: Tx, limits: settings.Quota, project: str) -> dict[str, Use]:
    """Give what a project uses of each resource and what it may have."""
    unused = {resource: Use(0, most) for resource, most in msgspec.structs.asdict(limits).items()}
    mine = sa.select(_table.c.resource, _table.c.used, _table.c.max).where(_table.c.project_id == project)
    return unused | {resource: Use(used, most) for resource, used, most in tx.rows(mine)}


def set_max(tx: Tx, limits: settings.Quota, project: str, resource: str, most: int) -> None:
    """Say how much of a resource a project may have; -1 is without limit.

    :raises Conflict: it uses more already.
    """
    used = _locked(tx, limits, [(project, resource)])[project, resource].used
    if 0 <= most < used:
        raise errors.Conflict(f"{resource}: {used} in use, the limit cannot be {most}")
    tx.change(_table, [{"project_id": project, "resource": resource, "max": most}], where=_WHERE)


def _locked(tx: Tx, limits: settings.Quota, keys: Sequence[_Key]) -> dict[_Key, Use]:
    """Lock rows, made if need be, so that nobody else counts before this transaction ends."""
    have = _lock(tx, keys)
    missing = [key for key in keys if key not in have]
    if not missing:
        return have
    rows = [{"project_id": p, "resource": r, "used": 0, "max": getattr(limits, r)} for p, r in missing]
    tx.ensure(_table, rows)
    return have | _lock(tx, missing)


def _lock(tx: Tx, keys: Sequence[_Key]) -> dict[_Key, Use]:
    projects, resources = listed({p for p, _ in keys}), listed({r for _, r in keys})
    found = tx.rows(_LOCKED, projects=projects, resources=resources)
    return {(project, resource): Use(used, most) for project, resource, used, most in found}


def _add(tx: Tx, amounts: Mapping[_Key, int]) -> int:
    rows = [{"project_id": p, "resource": r, "used": n} for (p, r), n in sorted(amounts.items())]
    return tx.change(_table, rows, where=_WHERE, add=("used",))
