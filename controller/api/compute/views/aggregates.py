"""Aggregates, as clients see them at 2.1."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.model.aggregate import Aggregate


def brief(made: Aggregate) -> dict[str, Any]:
    """Show an aggregate without its hosts and metadata, as Nova does when it was just made."""
    return {
        "id": made.number,
        "name": made.name,
        "availability_zone": made.zone,
        "created_at": _exact(made.created_at),
        "updated_at": _exact(made.updated_at),
        "deleted_at": None,
        "deleted": False,
    }


def detail(made: Aggregate, names: Mapping[str, str]) -> dict[str, Any]:
    """Show an aggregate whole.

    :param names: hosts' names by id.
    """
    return brief(made) | {"hosts": sorted(names[host] for host in made.hosts), "metadata": made.metadata}


def _exact(at: datetime | None) -> str | None:
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") if at else None
