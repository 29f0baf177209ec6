"""server.delete: nothing is left on the host, then nothing in the tables.

Begin it with the older workflow superseded, power gone, generation+1 and task deleting. Data: none is needed.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from common.model.server import Server
from common.states import State
from controller.db import groups, hosts, inbox, ports, quotas
from controller.db.engine import Tx
from controller.workflow import notices, settling
from controller.workflow.saga import Saga, Step, Wait, Workflow
from controller.workflow.world import World

FOR_EVER = 100 * 365 * 86400.0
"""Seconds: a delete waits for its host as long as it takes."""


def send_removes(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Send each host the wish that nothing be left; a server that has no host is nowhere."""
    found = settling.subjects(tx, sagas)
    notices.tell(tx, world, "instance.delete.start", found.values(), sagas)
    notices.tell(tx, world, "instance.shutdown.start", [s for s in found.values() if s.host_id], sagas)
    settling.send(tx, sagas, world, found)


def await_gone(tx: Tx, sagas: Sequence[Saga], world: World) -> dict[str, Wait]:
    """Wait for the hosts' word. A server whose host fell silent is gone for its tenant meanwhile, and counts no more.

    Its claim stays, and so do its addresses: a guest may use them still.
    """
    found = settling.subjects(tx, sagas)
    stay = settling.await_gone(tx, sagas, world, found)
    waiting = [server for s in sagas if s.id in stay and (server := found[s.subject]).state is not State.DELETED]
    homes = hosts.get(tx, [s.host_id for s in waiting if s.host_id])
    now = world.clock.now()
    leaving = [s for s in waiting if s.host_id and homes[s.host_id].lease_until <= now]
    if leaving:
        ports.uncount(tx, [s.id for s in leaving])
        _bid_farewell(tx, sagas, leaving, world)
    return stay


def release(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Give back what the tables show for the servers, whatever their workflows remember.

    The hosts' rows come first, then quotas: a create takes them in that order too.
    """
    ids = [s.subject for s in sagas]
    found = settling.subjects(tx, sagas)
    here = [s for s in found.values() if s.host_id]
    notices.tell(tx, world, "instance.shutdown.end", here, sagas)
    world.scheduler.release(tx, ids)
    ports.release(tx, ids, world.clock.now(), uncounted=[s.id for s in found.values() if s.state is State.DELETED])


def erase(tx: Tx, sagas: Sequence[Saga], world: World) -> None:
    """Show the tenant that the servers are gone, where that was not so before."""
    found = settling.subjects(tx, sagas)
    inbox.forget(tx, list(found))
    _bid_farewell(tx, sagas, list(found.values()), world)


def _bid_farewell(tx: Tx, sagas: Sequence[Saga], leaving: Sequence[Server], world: World) -> None:
    """Mark servers deleted and free their quota; once each."""
    now = world.clock.now()
    present = [s for s in leaving if s.state is not State.DELETED]
    gone = [replace(s.moved("deleted", now), deleted_at=now) for s in present]
    settling.keep(sagas, gone)
    groups.leave(tx, [s.id for s in present if s.group_id])
    notices.tell(tx, world, "instance.delete.end", gone)
    freed: dict[str, Counter[str]] = {}
    for server in present:
        freed.setdefault(server.project_id, Counter()).update(quotas.of_server(server.guest))
    for project, amounts in sorted(freed.items()):
        quotas.free(tx, project, amounts)


DELETE = Workflow(
    "server.delete",
    (
        Step("send", do=send_removes),
        Step("settle", do=await_gone),
        Step("release", do=release, needs="scheduler"),
        Step("erase", do=erase),
    ),
    deadline=lambda world: FOR_EVER,
    fail=settling.mark_failed,
)
