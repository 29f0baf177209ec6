"""Identifiers: time-ordered UUIDs (version 7), so that neighbours in time are neighbours in an index."""

import os
import threading
import uuid
from collections.abc import Callable

from common.clock import Clock

COUNTS = 1 << 12
"""Ids that one millisecond has room for."""

Ids = Callable[[], str]
"""Gives a new identifier at each call: a UUID as lower-case text of 36 characters."""


def time_ordered(clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> Ids:
    """Make ids of the clock's milliseconds, a count within the millisecond and 62 random bits (RFC 9562, version 7).

    Each is greater than the one before: sorted by id, rows stand in the order in which they were made.

    :param entropy: gives that many random bytes; a seeded one makes ids repeatable.
    """
    last, lock = [0, 0], threading.Lock()

    def tick() -> tuple[int, int]:
        """Give the millisecond and the count in it; a full count, or a clock set back, goes on in the next one."""
        now = int(clock.now().timestamp() * 1000)
        with lock:
            if now > last[0]:
                last[:] = [now, 0]
            elif last[1] == COUNTS - 1:
                last[:] = [last[0] + 1, 0]
            else:
                last[1] += 1
            return last[0], last[1]

    def new_id() -> str:
        milliseconds, count = tick()
        noise = bytearray(entropy(8))
        noise[0] = 0x80 | noise[0] & 0x3F
        head = milliseconds.to_bytes(6, "big") + (0x7000 | count).to_bytes(2, "big")
        return str(uuid.UUID(bytes=head + bytes(noise)))

    return new_id


def is_uuid(text: str) -> bool:
    """Say whether ``text`` is a UUID in its usual form of 36 characters."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def request_id(new_id: Ids) -> str:
    """Give an id for one API request, in the form that OpenStack's clients print."""
    return f"req-{new_id()}"


def tap_name(port: str) -> str:
    """Name a port's tap device: at most 15 bytes, from the end of the id (the start of time-ordered ids collides)."""
    return f"tap-{port.replace('-', '')[-11:]}"


def bridge_name(network: str) -> str:
    """Name a network's bridge device, likewise."""
    return f"tbr-{network.replace('-', '')[-11:]}"
