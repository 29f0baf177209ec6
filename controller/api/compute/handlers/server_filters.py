"""Which servers a list's query asks for."""

from typing import Any

from common import errors
from common.states import Power, State
from controller.api.bodies import moment
from controller.api.compute.schemas.common import flag
from controller.api.compute.views.servers import POWER_STATES, VM_STATES
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
        states=_states(query),
        image_id=_last(query.get("image")),
        flavor_id=_last(query.get("flavor")),
        host_id=NOBODY if query.get("ip6") else _host(tx, query.get("host")) if operator else None,
        reservation_id=query.get("reservation_id"),
        key_name=query.get("key_name"),
        task=query.get("task_state"),
        config_drive=flag(query["config_drive"]) if "config_drive" in query else None,
        powers=_powers(query.get("power_state")),
        changed_since=moment(query["changes-since"], "changes-since") if "changes-since" in query else None,
        deleted=operator and flag(query.get("deleted", "false")),
        zone=query.get("availability_zone"),
    )


def _project(req: Request, query: dict[str, Any], operator: bool) -> str | None:
    if not flag(query.get("all_tenants", "false") or "true"):  # the bare word, without a value, means yes
        return req.project_id
    if not operator:
        raise errors.Forbidden("all_tenants: only operators see servers of other projects")
    return query.get("project_id") or query.get("tenant_id")


def _states(query: dict[str, Any]) -> tuple[State, ...] | None:
    """Read statuses and the coarser state of the machine; one that does not exist matches nothing."""
    if not {"status", "vm_state"} & query.keys():
        return None
    statuses = {name.upper() for name in query.get("status", State)}
    return tuple(
        state for state in State if state in statuses and VM_STATES[state] == query.get("vm_state", VM_STATES[state])
    )


def _powers(number: int | None) -> tuple[Power, ...] | None:
    return None if number is None else tuple(power for power, known in POWER_STATES.items() if known == number)


def _last(reference: str | None) -> str | None:
    """Give the id at the end of a reference, which may be a URL."""
    return None if reference is None else reference.rsplit("/", 1)[-1]


def _host(tx: Tx, name: str | None) -> str | None:
    if name is None:
        return None
    host = hosts.named(tx, name)
    return host.id if host else NOBODY
