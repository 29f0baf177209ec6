"""A recording: decisions as they were asked for, and the hosts that they chose among. Replays start from it."""

from datetime import timedelta
from typing import Any

from controller.api.bodies import moment
from controller.api.http import Answer, Request, ok
from controller.api.operator import what_if
from controller.api.operator.schemas import what_if as schemas
from controller.db import decisions
from controller.db.engine import Tx
from controller.scheduler.inputs import slim
from controller.scheduler.never import emptied

PRECISE = "%Y-%m-%dT%H:%M:%S.%fZ"
DAY = timedelta(days=1)


def show(req: Request) -> Answer:
    """Give the decisions of a time (the last day), and those before on servers that were still there; a page of them.

    The first page has the hosts as they are now, without their servers.
    """
    req.allow("operator:what_if")
    query = req.query(schemas.RECORDING)
    until = moment(query["until"], "until") if "until" in query else req.services.world.clock.now()
    since = moment(query["since"], "since") if "since" in query else until - DAY
    marker, limit = query.get("marker"), query.get("limit", req.services.settings.api.page)
    with req.read() as tx:
        found = decisions.recorded(tx, since, until, marker, limit)
        hosts = None if marker else _hosts(req, tx)
    body: dict[str, Any] = {"since": since.strftime(PRECISE), "until": until.strftime(PRECISE)}
    body |= {"decisions": [_shown(one) for one in found], "more": len(found) == limit}
    return ok(body if hosts is None else body | {"hosts": hosts})


def _hosts(req: Request, tx: Tx) -> list[Any]:
    fleet = what_if.standing(req, tx).fleet
    return [slim(emptied(fleet.view(host))) for host in fleet.hosts]


def _shown(one: decisions.Recorded) -> dict[str, Any]:
    return {
        "id": one.id,
        "server": one.server_id,
        "at": one.at.strftime(PRECISE),
        "ended_at": one.ended_at.strftime(PRECISE) if one.ended_at else None,
        "host": one.host_id,
        "inputs": one.inputs,
    }
