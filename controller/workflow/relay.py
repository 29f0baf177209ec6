"""The relay: publishes what the outbox holds, after the commit that wrote it.

Its rows stay locked while they are published, so that two controllers never publish the same; a relay that dies lets go
of them at once.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from common import errors, wire
from common.bus.contract import COMMANDS, Outgoing, Publisher
from common.clock import Clock
from controller.db import outbox
from controller.db.engine import Store, Tx
from controller.seals import unsigned

LOG = logging.getLogger(__name__)
BATCH = 256
RETRY_SECONDS = 5.0

SignUrl = Callable[[str, str], str]
"""(digest, host) -> a URL under which that host may fetch that image for a while."""

SignUrls = Callable[[str, str], Sequence[str]]
"""The same, for URLs that are as good should the first one not answer."""


def _none(_digest: str, _host: str) -> Sequence[str]:
    return ()


Seal = Callable[[Sequence[wire.Command]], list[bytes]]
"""Commands -> what goes on the bus, signed with the keys of the hosts they go to (``Seals.seal``)."""


class Relay:
    """Publishes commands, each at least once. Rows leave the outbox when the broker has confirmed them."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        clock: Clock,
        sign_url: SignUrl,
        seal: Seal = unsigned,
        mirrors: SignUrls = _none,
    ) -> None:
        self._store, self._publisher, self._clock = store, publisher, clock
        self._sign_url, self._seal, self._mirrors = sign_url, seal, mirrors
        self._fleeting: deque[wire.Command] = deque()

    def post(self, commands: Sequence[wire.Command]) -> None:
        """Hand over commands that need no row: they may be lost, and are asked for again. Any thread may call this."""
        self._fleeting.extend(commands)

    def turn(self) -> int:
        """Publish what is due; says how many commands that were.

        :raises BusUnavailable: nothing is known to have left; the rows stay.
        :raises DatabaseUnavailable: likewise; what left will be published again.
        """
        fleeting = [self._fleeting.popleft() for _ in range(len(self._fleeting))]
        now = self._clock.now()
        with outbox.publishing(self._store) as tx:
            return self._pass_on(tx, fleeting, now)

    def _pass_on(self, tx: Tx, fleeting: Sequence[wire.Command], now: datetime) -> int:
        due = outbox.due(tx, now, BATCH)
        sealed = {d.entry.id: self._sealed(d, now) for d in due}
        commands = [*fleeting, *(command for command in sealed.values() if command)]
        refused = self._publish(commands)
        late = [id_ for id_, command in sealed.items() if command is None or id_ in refused]
        if due:
            with outbox.settling(self._store, tx) as writing:
                outbox.drop(writing, sealed.keys() - set(late))
                outbox.push_back(writing, late, now + timedelta(seconds=RETRY_SECONDS))
        return len(commands)

    def _publish(self, commands: Sequence[wire.Command]) -> set[str]:
        """Publish, and give the ids of those that reached no queue."""
        if not commands:
            self._publisher.tick()
            return set()
        messages = dict(zip(self._seal(commands), commands, strict=True))
        outgoing = [Outgoing(COMMANDS, command.host, body) for body, command in messages.items()]
        returned = [messages[message.body] for message in self._publisher.publish(outgoing)]
        for command in returned:
            LOG.warning("host %s has no room for %s %s; trying later", command.host, command.verb, command.id)
        return {command.id for command in returned}

    def _sealed(self, due: outbox.Due, now: datetime) -> wire.Command | None:
        """Put a row into its envelope; None when that cannot be done now."""
        entry, epoch = due
        try:
            body = self._signed(entry) if entry.verb == "converge" else entry.body.encode()
        except errors.ToftError as error:
            LOG.warning("cannot send %s of server %s yet: %s", entry.verb, entry.server_id, error.message)
            return None
        return wire.Command(
            id=entry.id,
            host=entry.host_id,
            host_epoch=epoch,
            verb=entry.verb,
            body=msgspec.Raw(body),
            expires=now + timedelta(seconds=entry.expires_in),
            server=entry.server_id,
            generation=entry.generation,
            request_id=entry.request_id,
        )

    def _signed(self, entry: outbox.Entry) -> bytes:
        """Add to a goal the short-lived URL of its image: it would be too old if it were made with the row."""
        goal = wire.unpack(entry.body.encode(), wire.Goal)
        if goal.image is None:
            return entry.body.encode()
        words = (goal.image.digest, entry.host_id)
        image = msgspec.structs.replace(goal.image, url=self._sign_url(*words), mirrors=tuple(self._mirrors(*words)))
        return wire.pack(msgspec.structs.replace(goal, image=image))
