"""Which servers a list's query asks for."""

from typing import Any

from common import errors
from common.states import State
from controller.api.bodies import moment
from controller.api.compute.schemas.common import flag
from controller.api.http import Request
from controller.api.scope import scope
from controller.db import hosts
from controller.db.engine import Tx
from controller.db.server_lists import Filter

NOBODY = ""
"""An id that nothing has."""


def wanted_servers(req: Request, tx: Tx, query: dict[str, Any]) -> Filter:
    """Read the filters of a query.

    :raises Forbidden: it asks for other projects' servers, and the caller is no operator.
    """
    operator = scope(req, "compute:everyone") is None
    return Filter(
        project_id=_project(req, query, operator),
        user_id=query.get("user_id"),
        name=query.get("name"),
        address=query.get("ip"),
        states=_states(query.get("status")),
        image_id=_last(query.get("image")),
        flavor_id=_last(query.get("flavor")),
        host_id=_host(tx, query.get("host")) if operator else None,
        reservation_id=query.get("reservation_id"),
        changed_since=moment(since, "changes-since") if (since := query.get("changes-since")) is not None else None,
        deleted=operator and flag(query.get("deleted", "false")),
    )


def _project(req: Request, query: dict[str, Any], operator: bool) -> str | None:
    if not flag(query.get("all_tenants", "false") or "true"):  # the bare word, without a value, means yes
        return req.project_id
    if not operator:
        raise errors.Forbidden("all_tenants: only operators see servers of other projects")
    return query.get("project_id") or query.get("tenant_id")


def _states(names: list[str] | None) -> tuple[State, ...] | None:
    """Read statuses; one that does not exist matches nothing."""
    if names is None:
        return None
    known = {state.value: state for state in State}
    return tuple(known[name.upper()] for name in names if name.upper() in known)


def _last(reference: str | None) -> str | None:
    """Give the id at the end of a reference, which may be a URL."""
    return None if reference is None else reference.rsplit("/", 1)[-1]


def _host(tx: Tx, name: str | None) -> str | None:
    if name is None:
        return None
    host = hosts.named(tx, name)
    return host.id if host else NOBODY
