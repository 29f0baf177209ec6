"""The gate: which messages of hosts are let in. What is not is counted by kind, told once, and never acted on.

Three looks, each cheaper than what it spares:

    unread   does its host say too much? Then it is not even parsed
    read     can it be read, and does it say to be of the host whose key of the exchange it came under?
    admit    with the rows at hand: did the broker hear the host's own user, is the host known, does it speak under its
             newest epoch, of its own servers, of generations that were wished?
"""

from collections.abc import Sequence
from typing import NamedTuple

from common import errors, wire
from common.bus.contract import Delivery
from common.clock import Clock
from common.refusals import Refusals, Refused
from common.settings import Settings
from controller.db import credentials
from controller.db.engine import Tx
from controller.workflow.desk import Desk, Report
from controller.workflow.rates import HOSTS, Rates

WISHED = frozenset({"settled", "failed", "power", "stale"})
"""Kinds that name the generation they are about."""


class Rights(NamedTuple):
    """A host's credentials: the ids of its keys, newest first, and the broker's users that it may be."""

    keys: tuple[str, ...]
    users: frozenset[str]


class Heard(NamedTuple):
    """A report, and the broker's user that it came from: empty where the broker does not say."""

    report: Report
    user: str


class Gate:
    """Keeps the rights of the hosts it heard; a hello, or a user it does not know, makes it read them again."""

    def __init__(self, clock: Clock, settings: Settings, refusals: Refusals) -> None:
        self.refusals = refusals
        self.rates = Rates(clock, settings.bus.host_rate, settings.bus.host_burst)
        self._enrolls = settings.controller.auto_enroll
        self._rights: dict[str, Rights] = {}

    def unread(self, delivery: Delivery) -> bool:
        """Say whether a message is dropped without a look: its host is over its rate."""
        if self.rates.takes(host := sender(delivery), len(delivery.body)):
            return False
        self.refusals.count("over-rate", host)
        return True

    def read(self, delivery: Delivery) -> Report:
        """Read a message.

        :raises BadRequest: it cannot be, or is of another host than it says; counted.
        """
        try:
            return _read(delivery)
        except errors.BadRequest as error:
            kind = error.kind if isinstance(error, Refused) else "malformed"
            self.refusals.count(kind, sender(delivery), error.message)
            raise

    def admit(self, tx: Tx, heard: Sequence[Heard], desk: Desk) -> list[Report]:
        """Give the reports that are let in, and note on the desk which key each hello named."""
        self._learn(tx, heard)
        return [each.report for each in heard if self._may(each, desk)]

    def _learn(self, tx: Tx, heard: Sequence[Heard]) -> None:
        if len(self._rights) > HOSTS:  # most are made up: those that are not are read again
            self._rights.clear()
        unsure = {h.report.event.host for h in heard if h.report.event.kind == "hello" or self._is_new(h)}
        if unsure:
            found = credentials.of_hosts(tx, unsure)
            for host in unsure:
                mine = found.get(host, [])
                users = frozenset(c.broker_user for c in mine if c.broker_user)
                self._rights[host] = Rights(tuple(c.id for c in mine), users)

    def _is_new(self, heard: Heard) -> bool:
        rights = self._rights.get(heard.report.event.host)
        return rights is None or bool(rights.users and heard.user not in rights.users)

    def _may(self, heard: Heard, desk: Desk) -> bool:
        report = heard.report
        try:
            self._check_sender(heard, desk)
            if report.event.kind == "hello":
                self._check_hello(report, desk)
            else:
                _check_report(report.event, desk)
        except Refused as refused:
            self.refusals.count(refused.kind, report.event.host, refused.message)
            return False
        return True

    def _check_sender(self, heard: Heard, desk: Desk) -> None:
        host, kind = heard.report.event.host, heard.report.event.kind
        users = self._rights[host].users
        if users and heard.user not in users:
            raise Refused("wrong-sender", f"the broker heard the user {heard.user or '(none)'}")
        if host not in desk.hosts and not (kind == "hello" and self._enrolls):
            raise Refused("unknown-host", "it was never enrolled: `toft host enroll` does it")

    def _check_hello(self, report: Report, desk: Desk) -> None:
        """Hold a hello against what its host was enrolled as; without a credential it is whatever it says."""
        host = report.event.host
        keys = self._rights[host].keys
        if not keys:
            return
        named = next((key for key in keys if key in report.body.keys), None)
        if named is None:
            raise Refused("refused-host", "its agent has none of its keys: see [agent] keys")
        if report.body.name != desk.hosts[host].name:
            raise Refused("refused-host", f"it was enrolled as {desk.hosts[host].name}, not as {report.body.name}")
        desk.keys[host] = named


def sender(delivery: Delivery) -> str:
    """Give the host that the routing key is of; the broker lets each user write under its own host's only."""
    return delivery.key.split(".")[1] if delivery.key.count(".") > 1 else delivery.key


def _read(delivery: Delivery) -> Report:
    event = wire.unpack(delivery.body, wire.Event)
    if delivery.key != f"host.{event.host}.{event.kind}":
        raise Refused("wrong-sender", f"it says to be {event.kind} of host {event.host}")
    return Report(event, wire.body_of(event))


def _check_report(event: wire.Event, desk: Desk) -> None:
    present = desk.hosts[event.host].epoch
    if event.host_epoch != present:
        raise Refused("old-epoch", f"{event.kind} under epoch {event.host_epoch}, not {present}")
    if not desk.owns(event):
        raise Refused("not-its-server", f"{event.kind} of server {event.server}")
    if event.kind in WISHED and event.server and event.generation > (newest := desk.servers[event.server].generation):
        raise Refused("ahead", f"{event.kind} at generation {event.generation} of {newest}, server {event.server}")
