"""A stream of creates and deletes, and what its clients were told."""

import random
import threading
from dataclasses import dataclass, field

from lab.chaos.client import Client, GaveUp
from lab.plan import Plan

REST = (0.3, 3.0)
"""Seconds a client rests between two wishes, at least and at most."""


@dataclass
class Wishes:
    """What was acknowledged: each server's name by its id, and which of them were to go again."""

    created: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def standing(self) -> set[str]:
        """Give the servers that are to be there."""
        return set(self.created) - self.deleted


class Load:
    """Clients that create and delete until they are told to stop.

    :param alive: servers that are wanted at once, at most.
    """

    def __init__(self, plan: Plan, seed: int, alive: int = 6, clients: int = 2) -> None:
        there = Client(plan).servers()
        self.wishes = Wishes({server["id"]: server["name"] for server in there})
        self.problems: list[str] = []
        self._alive, self._taken = alive, 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._busy: set[str] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(Client(plan), random.Random(f"{seed}/{n}"), n), daemon=True)
            for n in range(clients)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 330.0) -> None:
        """Stop; each client first has the answer to what it asked last."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)

    def _run(self, client: Client, dice: random.Random, number: int) -> None:
        made = 0
        try:
            tiny = client.tiny()
            while not self._stopping.wait(dice.uniform(*REST)):
                victim = self._next_victim(dice)
                if victim:
                    client.delete(victim)
                    self._note_deleted(victim)
                else:
                    made += 1
                    name = f"c{number}-{made}"
                    server = client.create(name, *tiny)
                    self._note_created(server, name)
        except (GaveUp, RuntimeError) as error:
            self.problems.append(str(error))

    def _next_victim(self, dice: random.Random) -> str | None:
        """Give a server to delete, or None where another is to be made."""
        with self._lock:
            idle = sorted(self.wishes.standing - self._busy)
            room = len(self.wishes.standing) + self._taken < self._alive
            if not idle or (room and dice.random() < 0.6):
                self._taken += 1
                return None
            victim = dice.choice(idle)
            self._busy.add(victim)
            return victim

    def _note_created(self, server: str, name: str) -> None:
        with self._lock:
            self._taken -= 1
            self.wishes.created[server] = name

    def _note_deleted(self, server: str) -> None:
        with self._lock:
            self._busy.discard(server)
            self.wishes.deleted.add(server)
