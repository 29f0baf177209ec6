"""What the conversations in this folder start from: a fresh cloud each, with tokens in the environment."""

import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from gabbi import fixture

from controller.db import migrate
from controller.db.engine import Store
from tests.services import api


class Cloud(fixture.GabbiFixture):
    """A cloud with the users admin, demo, other and reader; their tokens are TOKEN_ADMIN and so on."""

    current: ClassVar[api.Api]

    def start_fixture(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        url = f"sqlite:///{folder / 'toft.sqlite'}"
        migrate.upgrade(url)
        self._store = Store(url)
        made = Cloud.current = api.api(self._store, folder)
        for user in api.USERS:
            os.environ[f"TOKEN_{user.upper()}"] = made.login(user)

    def stop_fixture(self) -> None:
        self._store.close()
        self._folder.cleanup()


def app() -> Any:
    """Give a WSGI callable that passes each request to the cloud of the running conversation."""
    return lambda environ, start_response: Cloud.current.app(environ, start_response)
