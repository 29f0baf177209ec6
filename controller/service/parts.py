"""What a controller is made of: its cores, built once and handed to one another."""

import logging
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from common.apart import apart
from common.bus.contract import Bus
from common.clock import Clock
from common.exposed import Exposed
from common.ids import time_ordered
from common.refusals import Refusals
from common.settings import Settings
from controller import same_keys
from controller.answers import Answers
from controller.api.http import Services
from controller.api.passwords import Passwords
from controller.api.policy import Policy
from controller.api.routes import SERVICES
from controller.backlog import Backlog
from controller.broker import broker
from controller.db.bell import Bell
from controller.enrolment import Enrolment
from controller.image_copies import ImageCopies
from controller.image_fetch import fetch
from controller.image_store import ImageStore
from controller.notifier import OsloNotifier
from controller.scheduler import sharded
from controller.seals import Seals
from controller.secrets import Secrets
from controller.sight import metrics
from controller.sight.consumer import SeenConsumer
from controller.sight.rate import Rate
from controller.sight.scheduler import SeenScheduler
from controller.sight.store import SeenStore
from controller.workflow.ageing import Ageing
from controller.workflow.crier import Crier
from controller.workflow.gate import Gate
from controller.workflow.hearing import Hearing
from controller.workflow.inbox import Inbox
from controller.workflow.presence import Presence
from controller.workflow.registry import WORKFLOWS
from controller.workflow.relay import Relay
from controller.workflow.right_of_way import RightOfWay
from controller.workflow.runner import Runner
from controller.workflow.tenure import NAMES, Tenure
from controller.workflow.warden import Warden
from controller.workflow.watch import Watch
from controller.workflow.world import World
from controller.writer.answers import Answers as KeptAnswers
from controller.writer.group import GroupWriter
from controller.writer.service import WriterService

LOG = logging.getLogger(__name__)
NOTIFICATIONS = "notifications"
"""The lease of who publishes them."""


def _migrate(url: str) -> str:
    from controller.db import migrate  # Alembic: 9 MB that are needed once

    return migrate.upgrade(url)


class Parts:
    """The cores of one controller, none of them begun. Making them brings the database's schema up to date.

    :param committed: called after each commit of the writer: work may wait.
    :raises DatabaseUnavailable: the database cannot be reached.
    :raises SettingsError: a setting is wrong, the database is of a newer version, or it is used with other keys.
    """

    def __init__(self, settings: Settings, bus: Bus, clock: Clock, committed: Callable[[], None]) -> None:
        self.settings, self.bus, self.clock = settings, bus, clock
        self.name = settings.controller.name or platform.node()
        self.me = f"{self.name}/{os.getpid()}"
        self._ground()
        self._speech()
        self._work()
        self._front(committed)

    def _ground(self) -> None:
        """Make what all others stand on: the database, the keys, the world of steps."""
        settings, clock = self.settings, self.clock
        ids = time_ordered(clock)
        apart(partial(_migrate, settings.database_url))
        self.exposed = Exposed(settings.metrics, metrics.METRICS)
        gauges = self.exposed.gauges
        self.store = SeenStore(settings.database_url, settings.database.pool, gauges, clock)
        self.pulse = self.store.watched(clock)
        self.bell = Bell(self.store.engine, self.me) if self.pulse else None
        self.hearing = Hearing(clock)
        scheduler = SeenScheduler(sharded.scheduler(clock, ids, settings.scheduler), gauges, clock)
        self.world = World(clock, ids, settings, scheduler, self.me, self.hearing.deaf)
        self.secrets = self._same_secrets()
        self.urls = self.secrets.image_urls(settings.controller_url, clock, settings.images.url_seconds)
        self.images = ImageStore(Path(settings.state.path) / "images", ids)

    def _same_secrets(self) -> Secrets:
        """Read the keys, and see that the other controllers have the same."""
        secrets = Secrets(self.settings.keys_folder)
        try:
            same_keys.check(self.store, secrets.fingerprints(), self.settings.keys_folder)
        except BaseException:
            self.store.close()
            raise
        return secrets

    def _speech(self) -> None:
        """Make what speaks to hosts, to other controllers and to the world outside."""
        store, world, settings = self.store, self.world, self.settings
        self.publisher = self.bus.publisher()
        self.consumer = SeenConsumer(self.bus.reports(), self.exposed.gauges)
        self.reports = Rate(lambda: self.consumer.taken, self.clock)
        self.refusals = Refusals(LOG)
        self.gate = Gate(self.clock, settings, self.refusals)
        self.enrolment = Enrolment(
            settings.bus, broker(settings.bus), self.bus.declare_host, self.secrets.hosts.encrypt
        )
        self.warden = Warden(store, world, self.enrolment.broker, self.gate.rates.loud)
        self.copies = ImageCopies(store, self.images, self.urls, self.clock, self.name, settings.controller_url, fetch)
        seals = Seals(store, self.secrets.hosts.decrypt)
        self.relay = Relay(
            store, self.publisher, self.clock, self.copies.url, mirrors=self.copies.mirrors, seal=seals.seal
        )
        self.presence = Presence(store, world, self.name, settings.controller_url, version("toft"), self._gauges)
        self.notifier = OsloNotifier(settings) if settings.notifications.enabled else None

    def _work(self) -> None:
        """Make what carries workflows on."""
        store, world = self.store, self.world
        leases = (*NAMES, *([NOTIFICATIONS] if self.notifier else []))
        self.tenure = Tenure(store, world, self.me, leases)
        self.runner = Runner(store, world, WORKFLOWS, self.tenure.holds)
        self.answers = Answers(store, self.clock)
        self.inbox = Inbox(
            store,
            world,
            self.consumer,
            self.bus.declare_host,
            self.relay.post,
            self.answers.wake,
            self.gate,
            self.runner.carry_on,
        )
        self.watch, self.ageing = Watch(store, world), Ageing(store, world)
        self.crier = (
            Crier(store, world, self.notifier.publish, partial(self.tenure.holds, NOTIFICATIONS))
            if self.notifier
            else None
        )

    def _front(self, committed: Callable[[], None]) -> None:
        """Make what the API's handlers are given."""
        settings = self.settings
        kept = KeptAnswers(self.secrets.answers.encrypt, self.secrets.answers.decrypt)
        self.group = GroupWriter(self.store, self.world, kept, committed=committed)
        self.way = RightOfWay(self.clock, time.sleep)
        self.writer = WriterService(self.group, offered=self.way.claim)
        self.backlog = Backlog(self.store, settings.controller.outbox_limit)
        self.services = Services(
            store=self.store,
            writer=self.writer,
            world=self.world,
            settings=settings,
            secrets=self.secrets,
            images=self.images,
            copies=self.copies,
            enrolment=self.enrolment,
            backlog=self.backlog,
            policy=Policy([rule for service in SERVICES for rule in service.rules], settings.api.policy_file),
            passwords=Passwords(self.clock),
            image_urls=self.urls,
            answers=self.answers,
            controller=self.name,
        )

    def _gauges(self) -> dict[str, object]:
        """Give what the other controllers and `toft top` are told of this one."""
        return {
            "scheduler": self.tenure.holds("scheduler"),
            "writer_waiting": self.group.waiting,
            "reports_per_second": self.reports.per_second(),
            "connections": self.store.busy,
        }
