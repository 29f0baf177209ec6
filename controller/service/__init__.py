"""A controller in threads of this process: its parts, their turns, and the API before them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from common import errors
from common.bus.contract import Bus
from common.clock import Clock
from common.gauges import Reading
from common.settings import Settings
from controller.admission.identity import Bootstrap
from controller.api import app
from controller.api.image import files
from controller.api.server import ApiServer
from controller.secrets import valid
from controller.service.parts import Parts
from controller.service.turns import Turns
from controller.sight import readings
from controller.workflow.registry import WORKFLOWS
from controller.workflow.tenure import NAMES

LOG = logging.getLogger(__name__)


class ControllerService:
    """A controller. Making it brings the database's schema up to date.

    :raises DatabaseUnavailable: the database cannot be reached.
    :raises SettingsError: a setting is wrong, the database is of a newer version, or it is used with other keys.
    """

    def __init__(self, settings: Settings, bus: Bus, clock: Clock) -> None:
        self.parts = Parts(settings, bus, clock, committed=lambda: self._turns.committed())
        self._turns = Turns(self.parts)
        self.parts.images.forget_unfinished()
        is_token = partial(valid, self.parts.secrets.tokens, clock=clock, seconds=settings.api.token_seconds)
        self._api = ApiServer(app.make(self.parts.services, gauges=self.parts.exposed.gauges), settings, is_token)

    def start(self) -> None:
        """Begin: loops first, the API last. Without a broker it says so and goes on when one comes.

        :raises SettingsError: another controller has this one's name.
        :raises DatabaseUnavailable: the database went away meanwhile; nothing was begun.
        """
        parts = self.parts
        parts.presence.arrive()
        parts.writer.start()
        with suppress(errors.Unavailable):
            files.tidy(parts.services)
        self._turns.start()
        self._api.start()
        parts.exposed.start(readings.Readings(parts.store, parts.clock, WORKFLOWS).look, self._own_readings)
        LOG.info("the API answers on %s", parts.settings.api_url)

    def bootstrap(self, users: Mapping[str, tuple[str, str, str]]) -> None:
        """Have these users: name -> (password, project, role). What is there already only gets the password."""
        hashed = {
            name: (self.parts.services.passwords.hash(password), project, role)
            for name, (password, project, role) in users.items()
        }
        self.parts.store.run(lambda tx: Bootstrap(users=hashed).apply(tx, self.parts.world))

    def stop(self) -> None:
        """Stop: the API first. What is not done goes on at the next start, here or in another controller."""
        parts = self.parts
        parts.exposed.stop()
        self._api.stop()
        self._turns.stop()
        with suppress(errors.Unavailable):
            parts.tenure.end()
            parts.presence.leave()
        parts.writer.stop()
        for one in (parts.bell, parts.publisher, parts.consumer, parts.notifier, parts.store):
            if one:
                one.close()

    def _own_readings(self) -> Iterator[Reading]:
        parts = self.parts
        return readings.of_process(parts.group, parts.store, parts.inbox.refusals, NAMES, parts.tenure.holds)
