"""What the agent says: events wait here until the broker has them.

What must not be lost (settled, failed, power, stale, answer) waits in the journal. Of what is only true now (hello,
heartbeat, inventory, states, usage) the newest of each kind waits in memory; its ``seq`` is that of the last journalled
event, which says what it already knows of. Until the host is welcomed nothing leaves but the hello: then all is said
under the new epoch.
"""

from typing import Literal

import msgspec

from common.clock import Clock
from common.ids import Ids
from common.wire import EVENTS, Answer, Event, Failed, Message, PowerSeen, Settled, Stale, raw
from compute_agent.journal import Journal

Kind = Literal["hello", "heartbeat", "inventory", "states", "usage", "settled", "failed", "power", "stale", "answer"]

KEPT: tuple[type[Message], ...] = (Settled, Failed, PowerSeen, Stale, Answer)
"""Bodies of events that are journalled; the others are replaced by newer ones of their kind."""

KINDS: dict[type[Message], str] = {body: kind for kind, body in EVENTS.items()}


class Outbox:
    """Events of one host, in the order in which they should leave."""

    def __init__(self, host: str, journal: Journal, clock: Clock, ids: Ids) -> None:
        self._host, self._journal, self._clock, self._ids = host, journal, clock, ids
        self._fresh: dict[str, Event] = {}
        self._in_flight: set[str] = set()

    def say(self, body: Message, server: str = "", generation: int = 0, request_id: str = "") -> None:
        """Add an event; one that must not be lost is on disk when this returns."""
        event = Event(
            id=self._ids(),
            host=self._host,
            host_epoch=0,
            seq=0,
            kind=KINDS[type(body)],  # type: ignore[arg-type]
            body=raw(body),
            at=self._clock.now(),
            server=server,
            generation=generation,
            request_id=request_id,
        )
        if isinstance(body, KEPT):
            self._journal.add_event(event)
        else:
            self._fresh[event.kind] = event

    def hush(self) -> None:
        """Forget what was only true before a new hello."""
        self._fresh.clear()

    def take(self, epoch: int | None, limit: int = 64) -> list[Event]:
        """Give what should leave now, sealed with ``epoch``; without one (not welcomed yet) only the hello.

        Nothing is given twice before it is ``confirmed`` or ``returned``.
        """
        if epoch is None:
            ready = [event for event in self._fresh.values() if event.kind == "hello"]
        else:
            ready = sorted(self._fresh.values(), key=lambda event: event.kind != "heartbeat")
            ready += self._journal.events(limit + len(self._in_flight))
        ready = [event for event in ready if event.id not in self._in_flight][:limit]
        self._in_flight.update(event.id for event in ready)
        last = self._journal.last_seq()
        return [msgspec.structs.replace(e, host_epoch=epoch or 0, seq=e.seq or last) for e in ready]

    def confirmed(self, events: list[Event]) -> None:
        """Note that the broker has these."""
        ids = {event.id for event in events}
        self._journal.confirm(sorted(ids))
        self._in_flight -= ids
        self._fresh = {kind: event for kind, event in self._fresh.items() if event.id not in ids}

    def returned(self, events: list[Event]) -> None:
        """Note that these did not arrive, or may not have: they leave again."""
        self._in_flight -= {event.id for event in events}
