"""What has been done to a server, step by step: Toft's own addition to Compute."""

from typing import Any

from common.model.workflow import Moment, Work
from controller.api.compute.handlers.servers import found_server
from controller.api.http import Answer, Request, ok
from controller.db import decisions, hosts, timeline, workflows
from controller.db.engine import Tx

PRECISE = "%Y-%m-%dT%H:%M:%S.%fZ"


def show(req: Request) -> Answer:
    """Show each step of what was done to a server, oldest first, and the workflows they belong to; Toft's own."""
    req.allow("compute:servers:read")
    operator = req.services.policy.allows("compute:host_fields", req.who, {"project_id": ""})
    with req.read() as tx:
        server = found_server(req, tx)
        body: dict[str, Any] = {
            "server": {"id": server.id, "name": server.name, "status": server.state.value},
            "workflows": [_work(work, operator) for work in reversed(workflows.of_subject(tx, server.id))],
            "timeline": [_moment(moment, operator) for moment in timeline.of_subject(tx, server.id)],
        }
        if operator:
            body["placed"] = _placed(tx, server.id)
    return ok(body)


def _work(work: Work, operator: bool) -> dict[str, Any]:
    shown = {
        "id": work.id,
        "workflow": work.kind,
        "state": work.state,
        "accepted_at": work.created_at.strftime(PRECISE),
        "updated_at": work.updated_at.strftime(PRECISE),
        "request_id": work.request_id,
        "failure": work.failure,
    }
    return shown | {"taken": work.lease_epoch} if operator else shown


def _moment(moment: Moment, operator: bool) -> dict[str, Any]:
    """Write a line; which controller wrote it is for operators only."""
    shown = {
        "at": moment.at.strftime(PRECISE),
        "workflow_id": moment.workflow_id,
        "workflow": moment.kind,
        "step": moment.step,
        "outcome": moment.outcome,
        "detail": moment.detail,
        **(moment.more or {}),
    }
    return shown | {"controller": moment.controller} if operator else shown


def _placed(tx: Tx, server: str) -> list[dict[str, Any]]:
    """Give the hosts that the scheduler chose, by name, oldest first."""
    chosen = [record for record in decisions.of_server(tx, server) if record.host_id is not None]
    known = hosts.get(tx, [record.host_id for record in chosen if record.host_id is not None])
    return [
        {"at": record.at.strftime(PRECISE), "host": known[record.host_id].name}
        for record in chosen
        if record.host_id in known
    ]
