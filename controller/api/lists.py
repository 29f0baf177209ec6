"""Lists in pages: what query parameters ask for, and the link to the next page."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from common import errors
from controller.api.http import Request
from controller.db.paging import Page

PAGING: dict[str, Any] = {
    "limit": {"type": "integer", "minimum": 0},
    "marker": {"type": "string", "minLength": 1},
}
"""Query parameters of every list."""

SORTING: dict[str, Any] = {
    "sort_key": {"type": "array", "items": {"type": "string"}, "maxItems": 8},
    "sort_dir": {"type": "array", "items": {"enum": ["asc", "desc"]}, "maxItems": 8},
}
"""Query parameters of lists that can be sorted."""


def page(
    req: Request,
    query: Mapping[str, Any],
    sortable: Mapping[str, str],
    default: Sequence[tuple[str, bool]] = (),
    default_descending: bool = False,
) -> Page:
    """Read which page is asked for, never longer than the settings let one be.

    :param sortable: what may be sorted by, as clients name it, and the column of that.
    :param default: (column, descending) of a list that is not asked to be sorted.
    :raises BadRequest: it cannot be sorted by that.
    """
    longest = req.services.settings.api.page
    keys, ways = query.get("sort_key", []), query.get("sort_dir", [])
    unknown = [key for key in keys if key not in sortable]
    if unknown:
        raise errors.BadRequest(f"sort_key {unknown[0]!r}: this list can be sorted by {', '.join(sorted(sortable))}")
    if len(ways) > max(len(keys), 1):
        raise errors.BadRequest("sort_dir: there are more of them than of sort_key")
    descending = [way == "desc" for way in ways] + [default_descending] * (len(keys) - len(ways))
    sort = tuple((sortable[key], down) for key, down in zip(keys, descending, strict=False)) or tuple(default)
    return Page(min(query.get("limit", longest), longest), query.get("marker"), sort)


def next_link(req: Request, path: str, marker: str) -> list[dict[str, str]]:
    """Give the link to the page after ``marker``, in the form that clients of Compute and Network follow."""
    return [{"rel": "next", "href": page_url(req, req.url(path), marker)}]


def page_url(req: Request, url: str, marker: str | None = None) -> str:
    """Give the address below ``url`` of a page of the list that is asked for: after ``marker``, or the first one."""
    asked = [(name, value) for name, value in parse_qsl(req.query_string) if name != "marker"]
    if marker is not None:
        asked.append(("marker", marker))
    return f"{url}?{urlencode(asked)}" if asked else url
