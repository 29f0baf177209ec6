"""The controller's threads, put together on SQLite and the in-memory bus, without any host."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from common import errors, settings
from common.bus.memory import MemoryBus
from common.clock import SystemClock
from controller.service import ControllerService
from tests.services.api import password
from tests.services.ports import free_ports

THREADS = {"api", "relay", "runner", "inbox", "tenure", "watch", "presence", "copies", "ageing"}


@pytest.fixture
def chosen(tmp_path: Path) -> settings.Settings:
    api = settings.Api(port=free_ports(1)[0])
    state = settings.State(path=str(tmp_path))
    return settings.Settings(api=api, state=state, controller=settings.Controller(poll_seconds=0.1))


@pytest.fixture
def service(chosen: settings.Settings) -> Iterator[ControllerService]:
    made = ControllerService(chosen, MemoryBus(), SystemClock())
    made.start()
    yield made
    made.stop()


def login(chosen: settings.Settings, user: str, secret: str) -> int:
    body = {
        "auth": {"identity": password(user, secret), "scope": {"project": {"name": user, "domain": {"id": "default"}}}}
    }
    url = f"{chosen.api_url}/identity/v3/auth/tokens"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def running() -> set[str]:
    return {thread.name for thread in threading.enumerate()} & THREADS


def test_it_answers_from_start_to_stop(chosen: settings.Settings) -> None:
    made = ControllerService(chosen, MemoryBus(), SystemClock())
    assert running() == set()
    made.bootstrap({"admin": ("secret", "admin", "admin")})
    made.start()
    assert running() == THREADS
    assert login(chosen, "admin", "secret") == 201
    made.stop()
    assert running() == set()
    with pytest.raises(urllib.error.URLError):
        login(chosen, "admin", "secret")


def test_one_that_never_began_can_be_stopped(chosen: settings.Settings) -> None:
    ControllerService(chosen, MemoryBus(), SystemClock()).stop()
    ControllerService(chosen, MemoryBus(), SystemClock()).stop()


def test_the_next_controller_need_not_wait_for_the_scheduler(chosen: settings.Settings) -> None:
    first = ControllerService(chosen, MemoryBus(), SystemClock())
    assert first.tenure.turn() == 1
    first.stop()
    named = msgspec.structs.replace(chosen.controller, name="another")
    second = ControllerService(msgspec.structs.replace(chosen, controller=named), MemoryBus(), SystemClock())
    assert second.tenure.turn() == 1
    second.stop()


def test_files_that_a_process_left_when_it_died_are_removed_at_the_start(chosen: settings.Settings) -> None:
    stray, unfinished = Path(chosen.state.path) / "images" / ("d" * 64), Path(chosen.state.path) / "images/incoming/x"
    unfinished.parent.mkdir(parents=True)
    for file in (stray, unfinished):
        file.touch()
    made = ControllerService(chosen, MemoryBus(), SystemClock())
    made.start()
    assert (stray.exists(), unfinished.exists()) == (False, False)
    made.stop()


def test_users_that_are_there_only_get_the_password(chosen: settings.Settings, service: ControllerService) -> None:
    for secret in ("old", "new"):
        service.bootstrap({"admin": (secret, "admin", "admin")})
    assert login(chosen, "admin", "old") == 401
    assert login(chosen, "admin", "new") == 201


def test_a_database_that_is_away_is_said(chosen: settings.Settings) -> None:
    nowhere = msgspec.structs.replace(chosen, database=settings.Database(url="sqlite:////nowhere/toft.sqlite"))
    with pytest.raises(errors.DatabaseUnavailable):
        ControllerService(nowhere, MemoryBus(), SystemClock())
