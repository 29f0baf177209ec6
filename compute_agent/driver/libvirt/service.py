"""The two threads that libvirt needs: one turns its event loop, one opens the reading connection when it broke."""

import logging
import threading
from collections.abc import Callable

import libvirt
import tenacity

LOG = logging.getLogger(__name__)

_registering = threading.Lock()
_loop: threading.Thread | None = None


def _quiet(context: object, error: object) -> None:
    """Print nothing: each error is raised as well."""


def _turn() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def run_event_loop() -> None:
    """Register libvirt's event loop and turn it in a thread, once a process; must come before the first open."""
    global _loop
    with _registering:
        if _loop is None:
            libvirt.registerErrorHandler(_quiet, None)
            libvirt.virEventRegisterDefaultImpl()
            _loop = threading.Thread(target=_turn, name="libvirt-events", daemon=True)
            _loop.start()


def after_this_turn(action: Callable[[], None]) -> None:
    """Let the event loop call ``action`` once, when all that it calls now has returned."""

    def fire(timer: int, opaque: object) -> None:
        libvirt.virEventRemoveTimeout(timer)
        action()

    libvirt.virEventAddTimeout(0, fire, None)


class ReconnectService:
    """Opens a connection again, with growing and jittered pauses, whenever it is told that it broke."""

    def __init__(self, reopen: Callable[[], None], longest: float = 15.0) -> None:
        self._reopen = reopen
        self._longest = longest
        self._broken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="libvirt-reconnect", daemon=True)

    def start(self) -> None:
        """Begin to wait for breaks."""
        self._thread.start()

    def broke(self) -> None:
        """Tell that the connection broke; returns at once, so that a callback may call it."""
        self._broken.set()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._broken.set()
        self._thread.join()

    def _run(self) -> None:
        retrying = tenacity.Retrying(
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=self._longest),
            stop=tenacity.stop_when_event_set(self._ended),
            sleep=tenacity.sleep_using_event(self._ended),
        )
        while self._broken.wait() and not self._ended.is_set():
            self._broken.clear()
            try:
                retrying(self._reopen)
            except tenacity.RetryError:
                LOG.info("libvirt is still away; not trying any longer")
