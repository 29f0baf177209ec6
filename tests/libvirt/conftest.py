"""These tests run inside a host of their own (lab/in-host). Outside of one, test_inside.py starts it and runs them."""

import hashlib
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from common.clock import SystemClock
from common.settings import Agent, Libvirt, Settings, State
from common.wire import ImageSource
from compute_agent.driver.contract import DomainEvent
from tests.services.libvirt_host import ROOT

INSIDE = "TOFT_LAB_HOST" in os.environ
collect_ignore_glob = ["test_inside.py"] if INSIDE else ["test_[!i]*.py", "test_i[!n]*.py"]

IMAGE = Path(os.environ.get("TOFT_IMAGE", ROOT / "build" / "tiny"))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


class Heard:
    """Events, in the order in which they came."""

    def __init__(self) -> None:
        self.events: queue.Queue[DomainEvent] = queue.Queue()

    def until(self, wanted: Callable[[DomainEvent], bool], seconds: float = 60) -> DomainEvent:
        while True:
            event = self.events.get(timeout=seconds)
            if wanted(event):
                return event


@pytest.fixture(scope="session")
def tiny() -> Iterator[ImageSource]:
    """The tiny guest's image, served over HTTP; test_inside.py has built it, since this host has no way out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=IMAGE))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    data = (IMAGE / "tiny.qcow2").read_bytes()
    yield ImageSource(
        digest=hashlib.sha256(data).hexdigest(),
        format="qcow2",
        size=len(data),
        virtual_size=int.from_bytes(data[24:32], "big"),
        url=f"http://127.0.0.1:{server.server_port}/tiny.qcow2",
    )
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    folder = Path(os.environ["TOFT_LAB_HOST"]) / "state"
    yield Settings(
        state=State(path=str(folder)), libvirt=Libvirt(ssh_ports="20022-20024"), agent=Agent(reserved_disk_gib=0)
    )
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def make_driver(settings: Settings, heard: Heard):
    """Make connected drivers; ``libvirt`` settings may be changed."""
    from compute_agent.driver.libvirt import make

    made = []

    def connected(**changes: object):
        changed = msgspec.structs.replace(settings.libvirt, **changes)
        driver = make(msgspec.structs.replace(settings, libvirt=changed), SystemClock())
        driver.connect(heard.events.put)
        made.append(driver)
        return driver

    yield connected
    for driver in made:
        driver.close()


@pytest.fixture
def driver(make_driver):
    return make_driver()
