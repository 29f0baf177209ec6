"""Connections to libvirt: one that reads and hears events, a few that write, one kept for rescue.

A thread in a hung call cannot be stopped, and libvirtd serves five calls of one connection at a time. So each call that
may hang has a connection to itself while it lasts; a call that is overdue was abandoned by its lane, and its connection
no longer counts: the next call gets a new one, and the old one is closed when the call does come back.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import libvirt

from common import errors
from common.clock import Clock
from compute_agent.driver.libvirt import events
from compute_agent.driver.libvirt.faults import ours
from compute_agent.driver.libvirt.service import ReconnectService, after_this_turn, run_event_loop

LOG = logging.getLogger(__name__)

KEEPALIVE_SECONDS, KEEPALIVE_COUNT = 5, 3
"""A libvirtd that does not answer so many pings, so far apart, counts as gone."""


def open_connection(uri: str) -> libvirt.virConnect:
    """Open a connection that notices when its other end is gone.

    :raises HypervisorError: libvirt is not there, or refuses.
    """
    with ours(f"connect to {uri}"):
        connection = libvirt.open(uri)
        connection.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT)
        return connection


def close_quietly(connection: libvirt.virConnect) -> None:
    """Close a connection that may be broken already."""
    try:
        connection.close()
    except libvirt.libvirtError as error:
        LOG.debug("closing a libvirt connection: %s", error)


class Pool:
    """Connections for calls that change something: ``size`` of them, and one more for urgent calls.

    :param overdue: seconds after which a call counts as abandoned.
    """

    def __init__(self, connect: Callable[[], libvirt.virConnect], clock: Clock, size: int, overdue: float) -> None:
        self._connect = connect
        self._clock = clock
        self._size = size
        self._overdue = overdue
        self._idle: list[libvirt.virConnect] = []
        self._lent: dict[object, float] = {}
        self._changed = threading.Condition()

    @contextmanager
    def lend(self, urgent: bool = False) -> Iterator[libvirt.virConnect]:
        """Have a connection to oneself.

        :param urgent: may take the one that is kept for rescue.
        :raises HypervisorError: none can be opened, or all are busy for too long.
        """
        ticket = object()
        connection = self._take(ticket, self._size + urgent)
        try:
            yield connection
        finally:
            self._give_back(ticket, connection)

    def retire(self) -> int:
        """Stop counting the connections whose calls are overdue; gives how many there were."""
        with self._changed:
            return self._retire()

    def close(self) -> None:
        """Close those that nobody uses; the others close when they come back."""
        with self._changed:
            idle, self._idle = self._idle, []
            self._lent.clear()
        for connection in idle:
            close_quietly(connection)

    def _retire(self) -> int:
        late = [t for t, since in self._lent.items() if self._clock.monotonic() - since >= self._overdue]
        for ticket in late:
            del self._lent[ticket]
        if late:
            LOG.warning("%d calls on libvirt are overdue; their connections are given up", len(late))
        return len(late)

    def _has_room(self, limit: int) -> bool:
        self._retire()
        return len(self._lent) < limit

    def _take(self, ticket: object, limit: int) -> libvirt.virConnect:
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(limit), self._overdue):
                raise errors.HypervisorError(f"all {limit} connections to libvirt are busy")
            self._lent[ticket] = self._clock.monotonic()
            connection = self._idle.pop() if self._idle else None
        try:
            return self._alive(connection)
        except errors.HypervisorError:
            self._forget(ticket)
            raise

    def _alive(self, connection: libvirt.virConnect | None) -> libvirt.virConnect:
        if connection is not None and connection.isAlive():
            return connection
        if connection is not None:
            close_quietly(connection)
        return self._connect()

    def _forget(self, ticket: object) -> bool:
        with self._changed:
            known = self._lent.pop(ticket, None) is not None
            self._changed.notify()
            return known

    def _give_back(self, ticket: object, connection: libvirt.virConnect) -> None:
        if self._forget(ticket) and connection.isAlive():
            with self._changed:
                self._idle.append(connection)
        else:
            close_quietly(connection)


class Reader:
    """The connection for cached reads and for events; it is opened again when it breaks, and the sink is told."""

    def __init__(self, connect: Callable[[], libvirt.virConnect], sink: events.Sink) -> None:
        self._connect = connect
        self._sink = sink
        self._current: libvirt.virConnect | None = None
        self._broken: libvirt.virConnect | None = None
        self._again = ReconnectService(self._reopen)

    def open(self) -> None:
        """Open it, with the events registered before anything is read.

        :raises HypervisorError: libvirt is not there, or refuses.
        """
        self._current = self._opened()
        self._again.start()

    def get(self) -> libvirt.virConnect:
        """Give the connection.

        :raises HypervisorError: it is broken and not yet open again.
        """
        if self._current is None:
            raise errors.HypervisorError("libvirt is away; the connection is being opened again")
        return self._current

    def close(self) -> None:
        """Close it for good."""
        self._again.stop()
        if self._current is not None:
            self._current.unregisterCloseCallback()
            close_quietly(self._current)
            self._current = None

    def _opened(self) -> libvirt.virConnect:
        connection = self._connect()
        with ours("register events"):
            connection.registerCloseCallback(self._closed, None)
            events.register(connection, self._sink)
        return connection

    def _closed(self, connection: libvirt.virConnect, reason: int, opaque: object) -> None:
        LOG.warning("libvirt closed the connection (reason %d)", reason)
        # closed by another thread, and only when libvirt has returned from this: else its event loop hangs
        self._broken, self._current = self._current, None
        after_this_turn(self._again.broke)

    def _reopen(self) -> None:
        broken, self._broken = self._broken, None
        if broken is not None:
            close_quietly(broken)
        self._current = self._opened()
        self._sink(events.LOST)


class Connections:
    """All connections of one driver."""

    def __init__(self, uri: str, clock: Clock, writers: int, overdue: float) -> None:
        self._uri = uri
        self.pool = Pool(self._connect, clock, writers, overdue)
        self._reader: Reader | None = None

    def open(self, sink: events.Sink) -> None:
        """Turn the event loop and open the reading connection.

        :raises HypervisorError: libvirt is not there, or refuses.
        """
        run_event_loop()
        reader = Reader(self._connect, sink)
        reader.open()
        self._reader = reader

    def read(self) -> libvirt.virConnect:
        """Give the connection for calls that never block on a guest.

        :raises HypervisorError: it is not open.
        """
        if self._reader is None:
            raise errors.HypervisorError("the driver is not connected")
        return self._reader.get()

    def close(self) -> None:
        """Close all."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self.pool.close()

    def _connect(self) -> libvirt.virConnect:
        return open_connection(self._uri)
