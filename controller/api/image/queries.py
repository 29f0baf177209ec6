"""What the query string of a list of images asks for."""

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from common import errors
from controller.api.bodies import moment
from controller.api.image.schemas import images as schemas
from controller.db.images import COMPARED, Filters
from controller.db.paging import Page

_EQUAL = {
    "visibility": "visibility",
    "owner": "project_id",
    "protected": "protected",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
}
_SORTED = {
    "name": "name",
    "status": "status",
    "disk_format": "disk_format",
    "container_format": "container_format",
    "size": "size",
    "id": "id",
    "created_at": "created_at",
    "updated_at": "updated_at",
}


def filters(query: dict[str, Any]) -> Filters:
    """Read which images are asked for; a name that is no field is one of the owner's properties."""
    known = schemas.LIST["properties"]
    equal = {column: query[name] for name, column in _EQUAL.items() if name in query}
    if equal.get("visibility") == "all":
        del equal["visibility"]
    return Filters(
        equal=equal,
        among={name: _among(query[name]) for name in schemas.AMONG if name in query},
        times=tuple(_time(name, asked) for name in schemas.TIMES for asked in query.get(name, ())),
        properties={name: value for name, value in query.items() if name not in known},
        tags=tuple(query.get("tag", ())),
        hidden=query.get("os_hidden", False),
        min_size=query.get("size_min"),
        max_size=query.get("size_max"),
    )


def _among(asked: str) -> tuple[str, ...]:
    """Read one value, or several after ``in:``, where quotes hold those together that have commas."""
    return tuple(next(csv.reader([asked[3:]]), [])) if asked.startswith("in:") else (asked,)


def _time(name: str, asked: str) -> tuple[str, str, datetime]:
    """Read a comparison with a moment, such as ``gte:2026-01-31T12:00:00Z``; a bare moment is to be the same."""
    way, _, text = asked.partition(":")
    return (name, way, moment(text, name)) if way in COMPARED else (name, "eq", moment(asked, name))


def page(query: dict[str, Any], most: int) -> Page:
    """Read which part of the list is asked for, newest images first unless told otherwise.

    :raises BadRequest: it cannot be sorted so.
    """
    sort = tuple(_sort(query)) or (("created_at", True),)
    return Page(min(query.get("limit", most), most), query.get("marker"), sort)


def _sort(query: dict[str, Any]) -> Iterable[tuple[str, bool]]:
    if "sort" in query:
        pairs = [part.partition(":")[::2] for part in query["sort"].split(",")]
    else:
        keys, directions = query.get("sort_key", []), query.get("sort_dir", [])
        default = directions[-1] if directions else "desc"
        pairs = [(key, directions[n] if n < len(directions) else default) for n, key in enumerate(keys)]
    for key, direction in pairs:
        if key not in _SORTED or direction not in ("", "asc", "desc"):
            raise errors.BadRequest(f"query.sort: write one of {', '.join(_SORTED)}, then :asc or :desc")
        yield _SORTED[key], direction != "asc"
