"""Keeps a lab's parts running, as a supervisor of services would: each is started, and again when it dies."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from lab import places
from lab.processes import alive, wait_for_end

LOG = logging.getLogger(__name__)

PAUSE = 0.2
"""Seconds between a part's end and its next start."""
LONGER = 1.0
"""The same, for a part that could not start or ended at once."""
ANSWER = 150.0
"""Seconds that a part may take to answer at the lab's start."""


@dataclass(frozen=True)
class Part:
    """Something that runs. ``start`` gives its process's id; ``answers`` says whether it serves."""

    name: str
    start: Callable[[], int]
    answers: Callable[[], bool] = lambda: True


def start(parts: Sequence[Part]) -> Iterator[str]:
    """Start parts at once; gives the name of each when it answers, and keeps it running from then on.

    :raises RuntimeError: one of them ended instead, or does not answer.
    """
    with ThreadPoolExecutor(len(parts)) as pool:
        names = {pool.submit(_first_start, part): part.name for part in parts}
        for done in as_completed(names):
            done.result()
            yield names[done]


def _first_start(part: Part) -> None:
    pid, end = _start(part), time.monotonic() + ANSWER
    while not part.answers():
        if not alive(pid):
            raise RuntimeError(f"{part.name} ended at once: {places.last_words(part.name)}")
        if time.monotonic() > end:
            raise RuntimeError(f"{part.name} does not answer after {ANSWER:.0f} s: {places.last_words(part.name)}")
        time.sleep(0.1)
    threading.Thread(target=_keep, args=(part, pid), name=part.name, daemon=True).start()


def _start(part: Part) -> int:
    pid = part.start()
    places.note_pid(part.name, pid)
    return pid


def _keep(part: Part, pid: int) -> None:
    while True:
        since = time.monotonic()
        wait_for_end(pid)
        LOG.info("%s (%d) has ended", part.name, pid)
        time.sleep(PAUSE if time.monotonic() - since > LONGER else LONGER)
        while places.held_file(part.name).exists():
            time.sleep(PAUSE)
        pid = _start_at_last(part)


def _start_at_last(part: Part) -> int:
    """Start a part, however often it takes: what it stands on may be away as well."""
    while True:
        try:
            pid = _start(part)
        except Exception as error:
            LOG.warning("%s does not start: %s", part.name, error)
            time.sleep(LONGER)
        else:
            LOG.info("%s (%d) was started again", part.name, pid)
            return pid
