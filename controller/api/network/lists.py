"""What lists of Network share: filters by equality, chosen fields, pages."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from common.model import Record
from controller.api.http import Answer, Request, ok
from controller.api.lists import next_link, page
from controller.api.scope import scope
from controller.db.engine import Tx
from controller.db.network_lists import Equal
from controller.db.paging import Page, Paged

T = TypeVar("T", bound=Record)
EVERYONE = "network:everyone"
UNSORTED = frozenset(
    {
        "shared",
        "admin_state_up",
        "status",
        "router:external",
        "ip_version",
        "fixed_ips.ip_address",
        "fixed_ips.subnet_id",
    }
)
"""Filters that lists are not sorted by."""


def equal(query: Mapping[str, Any], columns: Mapping[str, str]) -> Equal:
    """Read a query's filters as column -> allowed values; several names of a column narrow it down together."""
    query = _spread(query)
    found: Equal = {}
    for name, column in columns.items():
        if name in query:
            values = query[name] if isinstance(query[name], list) else [query[name]]
            found[column] = [value for value in values if column not in found or value in found[column]]
    return found


def _spread(query: Mapping[str, Any]) -> dict[str, Any]:
    """Make of ``fixed_ips=subnet_id=x`` a filter of its own, ``fixed_ips.subnet_id``."""
    found = dict(query)
    for pair in found.pop("fixed_ips", []):
        part, _, value = pair.partition("=")
        found.setdefault(f"fixed_ips.{part}", []).append(value)
    return found


def listed(
    req: Request,
    noun: str,
    schema: Mapping[str, Any],
    columns: Mapping[str, str],
    read: Callable[[Tx, str | None, Equal, Page], Paged[T]],
    view: Callable[[Tx, list[T]], list[dict[str, Any]]],
) -> Answer:
    """Answer a list: the page that ``read`` gives, as ``view`` shows it, cut down to the fields that are asked for."""
    req.allow(f"network:{noun}:read")
    query = req.query(schema)
    sortable = {name: column for name, column in columns.items() if name not in UNSORTED}
    query = {name: value for name, value in query.items() if not (name == "limit" and value == 0)}
    wanted = page(req, query, sortable)
    with req.read() as tx:
        found = read(tx, scope(req, EVERYONE), equal(query, columns), wanted)
        shown = view(tx, found.records)
    body: dict[str, Any] = {noun: [fields(one, query.get("fields")) for one in shown]}
    if found.more and shown:
        body[f"{noun}_links"] = next_link(req, f"/network/v2.0/{noun}", str(shown[-1]["id"]))
    return ok(body)


def fields(shown: dict[str, Any], wanted: list[str] | None) -> dict[str, Any]:
    """Keep the fields that are asked for; all when none are."""
    return {name: value for name, value in shown.items() if name in wanted} if wanted else shown
