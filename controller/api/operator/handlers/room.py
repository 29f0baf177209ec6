"""The fewest servers to move so that one of a flavor fits: a plan, nothing is moved."""

from controller.api.http import Answer, Request, ok
from controller.api.operator import what_if
from controller.api.operator.schemas import what_if as schemas
from controller.api.operator.views import what_if as views
from controller.db import servers
from controller.scheduler.guests import reader
from controller.scheduler.room import MOST_MOVES, plan


def show(req: Request) -> Answer:
    """Plan the fewest moves of servers, off one host, that let a server of a flavor in."""
    req.allow("operator:what_if")
    query = req.query(schemas.ROOM)
    with req.read() as tx:
        wanted = what_if.flavor(tx, query["flavor"])
        now = what_if.standing(req, tx)
        ask = what_if.ask(req, tx, wanted, now.zone(query.get("zone")))
        found = plan(now.fleet, ask, reader(tx), query.get("moves", MOST_MOVES))
        names = {s.id: s.name for s in servers.get(tx, {move.server for move in found.moves}).values()}
    return ok({"flavor": wanted.name} | views.room(found, names, now.fleet.name))
