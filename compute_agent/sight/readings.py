"""What an agent's gauges show. The journal and the session belong to the agent's loop, so it is the loop that looks."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future

from common.gauges import Reading
from compute_agent.journal import Journal
from compute_agent.session import Session
from compute_agent.sight import metrics
from compute_agent.sight.lanes import SeenLanes

PATIENCE = 2.0
"""Seconds that a reading waits for the loop; a loop that does not answer in time is itself what is to be seen."""


def look(
    lanes: SeenLanes, of_loop: Callable[[], list[Reading]], ask: Callable[[Callable[[], None]], None]
) -> Iterator[Reading]:
    """Give what there is to see.

    :param of_loop: looks at what the loop owns.
    :param ask: has the loop call something.
    """
    yield Reading(metrics.BUSY, lanes.busy)
    yield Reading(metrics.STUCK, len(lanes.stuck()))
    answer: Future[list[Reading]] = Future()
    ask(lambda: answer.set_result(of_loop()))
    try:
        found = answer.result(PATIENCE)
    except TimeoutError:
        yield Reading(metrics.ANSWERS, 0.0)
    else:
        yield Reading(metrics.ANSWERS, 1.0)
        yield from found


def of_loop(session: Session, journal: Journal) -> list[Reading]:
    """Give what the loop's own state shows; to be called by the loop."""
    counts = journal.counts()
    found = [Reading(metrics.EPOCH, session.epoch or 0), Reading(metrics.EVENTS, counts.events)]
    if session.round_trip is not None:
        found.append(Reading(metrics.ROUND_TRIP, session.round_trip))
    found += [Reading(metrics.GOALS, number, (state,)) for state, number in counts.states.items()]
    found += [Reading(metrics.DOMAINS, number, (power,)) for power, number in counts.powers.items()]
    found.append(Reading(metrics.STRANGERS, session.strangers))
    kinds = sorted({kind for kind, _host in session.refusals.counts})
    return [*found, *(Reading(metrics.REFUSALS, session.refusals.of(kind), (kind,)) for kind in kinds)]
