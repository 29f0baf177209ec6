"""Identifiers: time-ordered UUIDs (version 7), so that neighbours in time are neighbours in an index."""

import os
import uuid
from collections.abc import Callable

from common.clock import Clock

Ids = Callable[[], str]
"""Gives a new identifier at each call: a UUID as lower-case text of 36 characters."""


def time_ordered(clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> Ids:
    """Make ids of the clock's milliseconds and 74 random bits (RFC 9562, version 7).

    :param entropy: gives that many random bytes; a seeded one makes ids repeatable.
    """

    def new_id() -> str:
        milliseconds = int(clock.now().timestamp() * 1000)
        noise = bytearray(entropy(10))
        noise[0] = 0x70 | noise[0] & 0x0F
        noise[2] = 0x80 | noise[2] & 0x3F
        return str(uuid.UUID(bytes=milliseconds.to_bytes(6, "big") + bytes(noise)))

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
