"""One kill in the middle of a burst of creates and deletes, and how long it takes until all is as asked."""

import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from common import errors
from lab.chaos import evidence
from lab.chaos.client import Client, GaveUp
from lab.chaos.load import Wishes
from lab.chaos.verdict import Verdict, judge
from lab.plan import Plan
from lab.watched import Watched

CLIENTS = 4
PATIENCE = 300.0
NOBODY = "nobody"


@dataclass(frozen=True)
class Recovery:
    """What came of a kill: seconds until the part worked again, and until all was as asked; what is wrong at last."""

    victim: str
    back: float
    healed: float
    verdict: Verdict
    asked: str


class Bursts:
    """Bursts on a lab, one after another; what stands there counts as asked for."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._mine = plan, threading.local()
        self.wishes = Wishes({server["id"]: server["name"] for server in self._client.servers()})
        self._tiny = self._client.tiny()
        self._numbers = itertools.count(1)

    def run(self, victim: str, creates: int = 20, deletes: int = 10) -> Recovery:
        """Ask for servers and for others' end, and kill ``victim`` when a third of that is acknowledged.

        :param victim: a part of the lab, or NOBODY, to see how long the burst itself takes.
        """
        doomed = sorted(self.wishes.standing)[:deletes]
        jobs: list[Callable[[], None]] = [self._create] * creates
        for place, server in enumerate(doomed):
            jobs.insert(place * 3, lambda server=server: self._delete(server))  # type: ignore[misc]
        third = len(jobs) // 3
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(_call, jobs[:third]))
            others = pool.map(_call, jobs[third:])
            since = time.monotonic()
            if victim != NOBODY:
                watched = Watched(self._plan, victim)
                since = time.monotonic()
                os.kill(watched.killed, signal.SIGKILL)
                self._until(watched.back)
            back = time.monotonic() - since
            list(others)
        verdict = self.heal()
        return Recovery(victim, back, time.monotonic() - since, verdict, f"{creates} creates, {len(doomed)} deletes")

    def heal(self) -> Verdict:
        """Wait until nothing is wrong, or for as long as that may take; gives what is wrong then."""
        verdicts = [Verdict(lost=["nobody could look"])]

        def clean() -> bool:
            verdicts.append(judge(self.wishes, evidence.gather(self._plan, self._client)))
            return verdicts[-1].clean

        self._until(clean)
        return verdicts[-1]

    def statuses(self) -> dict[str, int]:
        """Count servers by status."""
        found = [server["status"] for server in self._client.servers()]
        return {status: found.count(status) for status in sorted(set(found))}

    @property
    def _client(self) -> Client:
        """Give the client of this thread."""
        if not hasattr(self._mine, "client"):
            self._mine.client = Client(self._plan)
        return self._mine.client  # type: ignore[no-any-return]

    def _create(self) -> None:
        name = f"burst-{next(self._numbers)}"
        self.wishes.created[self._client.create(name, *self._tiny)] = name

    def _delete(self, server: str) -> None:
        self._client.delete(server)
        self.wishes.deleted.add(server)

    def _until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError, GaveUp, errors.ToftError, subprocess.SubprocessError):
                if true():
                    return
            time.sleep(0.2)


def _call(job: Callable[[], None]) -> None:
    job()
