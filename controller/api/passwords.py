"""Passwords: hashed by argon2, checked by a few at a time, with a stop to guessing."""

import threading
from collections import deque

import argon2

from common import errors
from common.clock import Clock


class Passwords:
    """Hashes and checks. A user may fail ``tries`` times in ``window`` seconds; then even the right one is refused."""

    def __init__(
        self,
        clock: Clock,
        at_once: int = 2,
        tries: int = 10,
        window: float = 60.0,
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        self._clock, self._tries, self._window = clock, tries, window
        self._hasher = hasher or argon2.PasswordHasher()
        self._slots = threading.BoundedSemaphore(at_once)  # each hash takes 64 MiB and a core
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._nobody = self._hasher.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """Give the encoded hash of a password."""
        with self._slots:
            return self._hasher.hash(password)

    def check(self, user: str, password: str, known: str | None) -> bool:
        """Say whether ``password`` is the one that ``known`` was made of; None (no such user) takes as long.

        :raises Unauthorized: this user failed too often of late.
        """
        self._refuse_guessing(user)
        with self._slots:
            try:
                right = self._hasher.verify(known or self._nobody, password) and known is not None
            except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHashError):
                right = False
        with self._lock:
            if right:
                self._failures.pop(user, None)
            else:
                self._failures.setdefault(user, deque()).append(self._clock.monotonic())
        return right

    def _refuse_guessing(self, user: str) -> None:
        since = self._clock.monotonic() - self._window
        with self._lock:
            for name in [name for name, times in self._failures.items() if times[-1] < since]:
                del self._failures[name]
            if sum(at >= since for at in self._failures.get(user, ())) >= self._tries:
                raise errors.Unauthorized(f"too many wrong passwords; wait {self._window:.0f} seconds and try again")
