"""What a controller's gauges show: rows that wait, workflows, hosts, and what waits in this process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from common import errors
from common.clock import Clock
from common.gauges import Metric, Reading
from common.model.host import HostState
from common.refusals import Refusals
from controller.db import sight
from controller.db.engine import Store, Tx
from controller.sight import metrics
from controller.sight.store import SeenStore
from controller.workflow.saga import Workflow
from controller.writer.group import GroupWriter


class Readings:
    """Looks at the database once for all its gauges.

    :param registry: all kinds of workflows, by kind.
    """

    def __init__(self, store: Store, clock: Clock, registry: Mapping[str, Workflow]) -> None:
        self._store, self._clock, self._registry = store, clock, registry

    def look(self) -> Iterator[Reading]:
        """Give what there is to see; while the database is away, that."""
        try:
            with self._store.read() as tx:
                found = list(self._all(tx, self._clock.now()))
        except errors.Unavailable:
            yield Reading(metrics.UP, 0.0)
        else:
            yield Reading(metrics.UP, 1.0)
            yield from found

    def _all(self, tx: Tx, now: datetime) -> Iterator[Reading]:
        yield from _queue(metrics.OUTBOX, metrics.OUTBOX_AGE, sight.waiting(tx, "outbox"), now)
        yield from _queue(metrics.NOTIFICATIONS, metrics.NOTIFICATION_AGE, sight.waiting(tx, "notification"), now)
        for group in sight.groups(tx):
            place = (group.kind, step_name(self._registry, group.kind, group.position), group.direction)
            yield Reading(metrics.WORKFLOWS, group.number, place)
            yield Reading(metrics.WORKFLOW_AGE, age_of(group.since, now), place)
        states = sight.host_states(tx)
        for state in (*HostState, "disabled"):
            yield Reading(metrics.HOSTS, states.get(state, 0), (str(state),))
        for name, at in sight.silences(tx, metrics.HOST_SILENCE.limit):
            yield Reading(metrics.HOST_SILENCE, age_of(at, now), (name,))
        yield Reading(metrics.STRANGERS, sight.strangers(tx))


def step_name(registry: Mapping[str, Workflow], kind: str, position: int) -> str:
    """Name a step; one of a kind that this version does not know is its number."""
    workflow = registry.get(kind)
    return workflow.steps[position].name if workflow and position < len(workflow.steps) else str(position)


def _queue(rows: Metric, age: Metric, queue: sight.Queue, now: datetime) -> Iterator[Reading]:
    yield Reading(rows, queue.rows)
    yield Reading(age, age_of(queue.since, now) if queue.since else 0.0)


def age_of(since: datetime, now: datetime) -> float:
    """Give seconds; clocks of two controllers may differ a little."""
    return max(0.0, (now - since).total_seconds())


def of_process(
    writer: GroupWriter, store: SeenStore, refusals: Refusals, leases: Sequence[str], holds: Callable[[str], bool]
) -> Iterator[Reading]:
    """Give what this process alone knows: changes that wait, connections in use, refusals, leases held."""
    yield Reading(metrics.WRITER, writer.waiting)
    yield Reading(metrics.CONNECTIONS, store.busy)
    for kind in sorted({kind for kind, _host in refusals.counts}):
        yield Reading(metrics.REFUSALS, refusals.of(kind), (kind,))
    for lease in leases:
        yield Reading(metrics.LEASES, float(holds(lease)), (lease,))
