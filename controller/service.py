"""The controller's loops around its cores, put together once.

    writer   takes what handlers submit          runner   takes workflows that are ready
    relay    publishes the outbox                inbox    takes in what hosts report
    tenure   keeps the scheduler's lease         watch    notices silent hosts
    ageing   forgets what is old                 presence tells the other controllers of this one
    copies   fetches images that others hold     crier    publishes notifications, where they are on
    pulse    notices a database that is silent   bell     is woken by other controllers
    api      answers HTTP
    metrics  answers Prometheus, where a port for it is set

A commit wakes whoever has work after it; besides, each looks by itself every ``poll_seconds``.
"""

import logging
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from common import errors
from common.apart import apart
from common.bus.contract import Bus
from common.clock import Clock
from common.exposed import Exposed
from common.gauges import Reading, timed
from common.ids import time_ordered
from common.loop import Loop
from common.refusals import Refusals
from common.settings import Settings
from controller import same_keys
from controller.admission.identity import Bootstrap
from controller.answers import Answers
from controller.api import app
from controller.api.http import Services
from controller.api.image import files
from controller.api.passwords import Passwords
from controller.api.policy import Policy
from controller.api.routes import SERVICES
from controller.api.server import ApiServer
from controller.backlog import Backlog
from controller.broker import broker
from controller.db.bell import Bell
from controller.enrolment import Enrolment
from controller.image_copies import ImageCopies
from controller.image_fetch import fetch
from controller.image_store import ImageStore
from controller.notifier import OsloNotifier
from controller.scheduler.simple import SimpleScheduler
from controller.seals import Seals
from controller.secrets import Secrets, valid
from controller.sight import metrics, readings
from controller.sight.consumer import SeenConsumer
from controller.sight.rate import Rate
from controller.sight.scheduler import SeenScheduler
from controller.sight.store import SeenStore
from controller.workflow.ageing import Ageing
from controller.workflow.crier import Crier
from controller.workflow.gate import Gate
from controller.workflow.hearing import Hearing
from controller.workflow.inbox import Inbox
from controller.workflow.presence import SECONDS as PRESENCE_SECONDS
from controller.workflow.presence import Presence
from controller.workflow.registry import WORKFLOWS
from controller.workflow.relay import BATCH as RELAYED
from controller.workflow.relay import Relay
from controller.workflow.runner import Runner
from controller.workflow.tenure import NAMES, Tenure
from controller.workflow.warden import Warden
from controller.workflow.watch import Watch
from controller.workflow.world import World
from controller.writer.answers import Answers as KeptAnswers
from controller.writer.group import GroupWriter
from controller.writer.service import WriterService

LOG = logging.getLogger(__name__)
LISTEN_SECONDS = 0.5
WATCH_SECONDS = 5.0
WARDEN_SECONDS = 1.0
AGEING_SECONDS = 600.0
COPIES_SECONDS = 5.0
PULSE_SECONDS = 1.0
NOTIFICATIONS = "notifications"
"""The lease of who publishes them."""
T = TypeVar("T")


def _migrate(url: str) -> str:
    from controller.db import migrate  # Alembic: 9 MB that are needed once

    return migrate.upgrade(url)


class ControllerService:
    """A controller in threads of this process. Making it brings the database's schema up to date.

    :raises DatabaseUnavailable: the database cannot be reached.
    :raises SettingsError: a setting is wrong, the database is of a newer version, or it is used with other keys.
    """

    def __init__(self, settings: Settings, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        name = settings.controller.name or platform.node()
        me = f"{name}/{os.getpid()}"
        ids = time_ordered(clock)
        apart(partial(_migrate, settings.database_url))
        self._exposed = Exposed(settings.metrics, metrics.METRICS)
        gauges = self._exposed.gauges
        self.store = SeenStore(settings.database_url, settings.database.pool, gauges, clock)
        self._pulse = self.store.watched(clock)
        self._hearing = Hearing(clock)
        scheduler = SeenScheduler(SimpleScheduler(clock, ids), gauges, clock)
        self.world = World(clock, ids, settings, scheduler, me, self._hearing.deaf)
        secrets = self._secrets(settings)
        urls = secrets.image_urls(settings.controller_url, clock, settings.images.url_seconds)
        images = ImageStore(Path(settings.state.path) / "images", ids)
        self.copies = ImageCopies(self.store, images, urls, clock, name, settings.controller_url, fetch)
        answers = Answers(self.store, clock)
        kept = KeptAnswers(secrets.answers.encrypt, secrets.answers.decrypt)

        self._publisher, self._declared = bus.publisher(), False
        self._consumer = SeenConsumer(bus.reports(), gauges)
        self._reports = Rate(lambda: self._consumer.taken, clock)
        self.refusals = Refusals(LOG)
        self._seals, gate = Seals(self.store, secrets.hosts.decrypt), Gate(clock, settings, self.refusals)
        enrolment = Enrolment(settings.bus, broker(settings.bus), bus.declare_host, secrets.hosts.encrypt)
        self._warden = Warden(self.store, self.world, enrolment.broker, gate.rates.loud)
        self.relay = Relay(
            self.store, self._publisher, clock, self.copies.url, mirrors=self.copies.mirrors, seal=self._seals.seal
        )
        self.presence = Presence(self.store, self.world, name, settings.controller_url, version("toft"), self._gauges)
        leases = (*NAMES, *([NOTIFICATIONS] if settings.notifications.enabled else []))
        self.backlog = Backlog(self.store, settings.controller.outbox_limit)
        self._bell = Bell(self.store.engine, me) if self._pulse else None
        self._passing_on = False
        self.tenure = Tenure(self.store, self.world, me, leases)
        self.runner = Runner(self.store, self.world, WORKFLOWS, self.tenure.holds)
        self.inbox = Inbox(
            self.store,
            self.world,
            self._consumer,
            bus.declare_host,
            self.relay.post,
            answers.wake,
            gate,
            self.runner.carry_on,
        )
        self._group = GroupWriter(self.store, self.world, kept, committed=self._committed)
        self.writer = WriterService(self._group)
        self.services = Services(
            store=self.store,
            writer=self.writer,
            world=self.world,
            settings=settings,
            secrets=secrets,
            images=images,
            copies=self.copies,
            enrolment=enrolment,
            backlog=self.backlog,
            policy=Policy([rule for service in SERVICES for rule in service.rules], settings.api.policy_file),
            passwords=Passwords(clock),
            image_urls=urls,
            answers=answers,
            controller=name,
        )
        self._notifier = OsloNotifier(settings) if settings.notifications.enabled else None
        self.services.images.forget_unfinished()
        is_token = partial(valid, secrets.tokens, clock=clock, seconds=settings.api.token_seconds)
        self._api = ApiServer(app.make(self.services, gauges=gauges), settings, is_token)
        self._loops = {loop.name: loop for loop in self._made_loops(settings.controller.poll_seconds)}

    def _secrets(self, settings: Settings) -> Secrets:
        """Read the keys, and see that the other controllers have the same."""
        secrets = Secrets(settings.keys_folder)
        try:
            same_keys.check(self.store, secrets.fingerprints(), settings.keys_folder)
        except BaseException:
            self.store.close()
            raise
        return secrets

    def _gauges(self) -> dict[str, object]:
        return {
            "scheduler": self.tenure.holds("scheduler"),
            "writer_waiting": self._group.waiting,
            "reports_per_second": self._reports.per_second(),
            "connections": self.store.busy,
        }

    def _made_loops(self, poll: float) -> Iterator[Loop]:
        yield Loop("relay", self._timed("relay", self._relay_turn), poll)
        yield Loop("runner", self._timed("runner", self._runner_turn), poll)
        yield Loop("inbox", self._inbox_turn, 0.0)
        yield Loop("tenure", self._tenure_turn, self.services.settings.controller.scheduler_lease_seconds / 3)
        yield Loop("watch", self._timed("watch", Watch(self.store, self.world).turn), WATCH_SECONDS)
        if self._notifier:
            leads = partial(self.tenure.holds, NOTIFICATIONS)
            yield Loop("crier", Crier(self.store, self.world, self._notifier.publish, leads).turn, poll)
        if self._pulse:
            yield Loop("pulse", self._pulse.turn, PULSE_SECONDS)
        if self._bell:
            yield Loop("bell", partial(self._bell_turn, self._bell), 0.0)
        yield Loop("warden", self._warden.turn, WARDEN_SECONDS)
        yield Loop("presence", self._presence_turn, PRESENCE_SECONDS)
        yield Loop("copies", self._copies_turn, COPIES_SECONDS)
        yield Loop("ageing", self._timed("ageing", Ageing(self.store, self.world).turn), AGEING_SECONDS)

    def _timed(self, name: str, turn: Callable[[], T]) -> Callable[[], T]:
        return timed(turn, self._exposed.gauges, self.world.clock, metrics.TURN, name)

    def start(self) -> None:
        """Begin: loops first, the API last. Without a broker it says so and goes on when one comes.

        :raises SettingsError: another controller has this one's name.
        :raises DatabaseUnavailable: the database went away meanwhile; nothing was begun.
        """
        self.presence.arrive()
        self.writer.start()
        with suppress(errors.Unavailable):
            files.tidy(self.services)
        for loop in self._loops.values():
            loop.start()
        self._api.start()
        self._exposed.start(readings.Readings(self.store, self.world.clock, WORKFLOWS).look, self._own_readings)
        LOG.info("the API answers on %s", self.services.settings.api_url)

    def bootstrap(self, users: Mapping[str, tuple[str, str, str]]) -> None:
        """Have these users: name -> (password, project, role). What is there already only gets the password."""
        hashed = {
            name: (self.services.passwords.hash(password), project, role)
            for name, (password, project, role) in users.items()
        }
        self.store.run(lambda tx: Bootstrap(users=hashed).apply(tx, self.world))

    def stop(self) -> None:
        """Stop: the API first. What is not done goes on at the next start, here or in another controller."""
        self._exposed.stop()
        self._api.stop()
        for loop in self._loops.values():
            loop.stop()
        for loop in self._loops.values():
            loop.join()
        with suppress(errors.Unavailable):
            self.tenure.end()
            self.presence.leave()
        self.writer.stop()
        if self._bell:
            self._bell.close()
        self._publisher.close()
        self._consumer.close()
        if self._notifier:
            self._notifier.close()
        self.store.close()

    def _own_readings(self) -> Iterator[Reading]:
        return readings.of_process(self._group, self.store, self.inbox.refusals, NAMES, self.tenure.holds)

    # ---- turns ---------------------------------------------------------------------------------------------
    def _relay_turn(self) -> bool:
        return self.relay.turn() >= RELAYED

    def _runner_turn(self) -> bool:
        """Let the runner take its turn. The relay follows in any case: a commit without workflows may ask a host."""
        taken = self.runner.turn()
        self._wake("relay")
        if taken or self._passing_on:
            self._pass_on()
        return self.runner.more

    def _presence_turn(self) -> bool:
        self.backlog.turn()
        return self.presence.turn()

    def _bell_turn(self, bell: Bell) -> bool:
        if bell.heard(LISTEN_SECONDS):
            self._wake("runner")
        return True

    def _committed(self) -> None:
        self._passing_on = True
        self._wake("runner")

    def _pass_on(self) -> None:
        """Wake the controller that may go on with what only the scheduler's holder does."""
        self._passing_on = False
        if self._bell and not self.tenure.holds("scheduler"):
            with suppress(errors.Unavailable):
                self._bell.ring()

    def _copies_turn(self) -> bool:
        files.tidy(self.services)
        return self.copies.turn()

    def _inbox_turn(self) -> bool:
        try:
            return self._listen()
        except errors.BusUnavailable:
            self._hearing.lose()
            raise

    def _listen(self) -> bool:
        if not self._declared:
            self._bus.declare()
            self._declared = True
        self.inbox.turn(LISTEN_SECONDS)
        if self.inbox.stirred:
            self._wake("runner", "relay")
        return True

    def _tenure_turn(self) -> bool:
        if self.tenure.turn():
            self._wake("runner")
        return False

    def _wake(self, *names: str) -> None:
        for name in names or ("runner", "relay"):
            self._loops[name].wake()
