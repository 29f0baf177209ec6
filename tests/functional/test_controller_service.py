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
from controller.admission.flavors import CreateFlavor
from controller.service import ControllerService
from tests.services.api import password
from tests.services.ports import free_ports
from tests.services.postgresql import PostgreSQL

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
    assert first.parts.tenure.turn() == 1
    first.stop()
    named = msgspec.structs.replace(chosen.controller, name="another")
    second = ControllerService(msgspec.structs.replace(chosen, controller=named), MemoryBus(), SystemClock())
    assert second.parts.tenure.turn() == 1
    second.stop()


def test_one_that_may_not_schedule_wakes_the_one_that_may(
    chosen: settings.Settings, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By PostgreSQL, and not by the next look, which is far off."""
    shared = msgspec.structs.replace(chosen, database=settings.Database(url=postgresql.url(postgresql.create())))
    services = []
    for name in ("first", "second"):
        own = settings.Controller(name=name, poll_seconds=600)
        api = settings.Api(port=free_ports(1)[0])
        services.append(
            ControllerService(msgspec.structs.replace(shared, controller=own, api=api), MemoryBus(), SystemClock())
        )
    first, second = services
    woken = threading.Event()
    assert first.parts.tenure.turn() == 1
    first.start()
    second.start()
    monkeypatch.setattr(first.parts.runner, "turn", lambda: woken.set() or 0)
    flavor = CreateFlavor(id="1", name="one", vcpus=1, ram_mib=64, disk_gib=1, rxtx_factor=1.0, is_public=True)
    second.parts.writer.submit(flavor)
    assert woken.wait(30)
    second.stop()
    first.stop()


def test_keys_of_another_cloud_are_refused(chosen: settings.Settings, tmp_path: Path) -> None:
    ControllerService(chosen, MemoryBus(), SystemClock()).stop()
    elsewhere = settings.State(path=chosen.state.path, keys=str(tmp_path / "elsewhere"))
    with pytest.raises(errors.SettingsError, match="keys"):
        ControllerService(msgspec.structs.replace(chosen, state=elsewhere), MemoryBus(), SystemClock())


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
