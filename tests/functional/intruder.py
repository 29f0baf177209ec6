"""A host that was taken over: whoever did it has its broker user and its key, and speaks to a real broker."""

import itertools
import json
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from amqp import Message
from kombu.connection import Connection

from common import settings, wire
from common.bus.amqp import AmqpBus
from common.bus.contract import REPORTS, Outgoing
from common.guest import Guest
from common.model.server import Server
from common.refusals import Refusals
from common.states import Power, State
from compute_agent.seals import Seals as AgentSeals
from compute_agent.seals import keys
from controller.broker import Management
from controller.db import servers, tables
from controller.db.engine import Store
from controller.enrolment import Enrolment
from controller.seals import Seals, seal
from controller.secrets import Secrets
from controller.workflow.gate import Gate
from controller.workflow.inbox import LOG, Inbox
from controller.workflow.relay import Relay
from controller.workflow.warden import Warden
from tests.services.api import Api, api
from tests.services.rabbitmq import RabbitMQ
from tests.workflow.model_agent import inventory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 60.0


@dataclass
class Agent:
    """An enrolled host, with what its settings file has, and a hand on the bus."""

    settings: settings.Settings
    numbers: Iterator[str]
    epoch: int = 0
    hello: str = ""
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id, self.name = self.settings.agent.host_id, self.settings.agent.name
        self.bus = AmqpBus(self.settings.bus)
        self.connect()
        self.seals = AgentSeals(keys(self.settings.agent.keys))

    def connect(self) -> None:
        """Have fresh connections."""
        self.publisher = self.bus.publisher()
        self.consumer = self.bus.commands(self.id)

    @property
    def user(self) -> str:
        return str(urlsplit(self.settings.bus.url).username)

    def event(self, kind: str, body: wire.Message | bytes, **more: Any) -> wire.Event:
        """Make an event of this host's, under its epoch, or as ``more`` says."""
        made = {"id": next(self.numbers), "host": self.id, "host_epoch": self.epoch, "seq": 1, "kind": kind}
        raw = body if isinstance(body, bytes) else wire.pack(body)
        return wire.Event(**{**made, "body": msgspec.Raw(raw), "at": NOW, **more})

    def say(self, kind: str, body: wire.Message | bytes, **more: Any) -> bytes:
        """Publish an event as the real agent does; gives its bytes."""
        return self.publish(wire.pack(self.event(kind, body, **more)), kind)

    def publish(self, body: bytes, kind: str) -> bytes:
        self.publisher.publish([Outgoing(REPORTS, f"host.{self.id}.{kind}", body)])
        return body

    def greet(self, **more: Any) -> None:
        """Say hello."""
        self.hello = next(self.numbers)
        said = {"id": self.hello, "name": self.name, "boot_id": "b", "version": "1", "features": (), "present": ()}
        said |= {"inventory": inventory(), "keys": self.seals.names, **more}
        self.say("hello", wire.Hello(**said), host_epoch=0)

    def commands(self, timeout: float = 0.0) -> list[wire.Command]:
        """Read what came for this host, as its agent would: only what is signed for it."""
        deliveries = self.consumer.receive(timeout)
        self.consumer.ack([d.tag for d in deliveries])
        self.heard += [d.body for d in deliveries]
        found = [wire.unpack(self.seals.open(d.body), wire.Command) for d in deliveries]
        for command in found:
            if command.verb == "welcome":
                self.epoch = wire.unpack(command.body, wire.Welcome).epoch
        return found

    @contextmanager
    def channel(self, vhost: str = "") -> Iterator[Any]:
        """Open a plain channel with this host's user, for what no agent does."""
        url = self.settings.bus.url
        with Connection(f"{url.rpartition('/')[0]}/{vhost}" if vhost else url, connect_timeout=5) as connection:
            connection.connect()
            yield connection.default_channel

    def force(self, exchange: str, key: str, body: bytes = b"{}", **properties: Any) -> None:
        """Publish anything anywhere, and wait for the broker's word."""
        with self.channel() as channel:
            channel.confirm_select()
            channel.basic_publish_confirm(Message(body, **properties), exchange, key)

    def management(self, method: str, path: str, port: int, body: Any = None) -> int:
        """Call the management API as this user; gives the status."""
        parts = urlsplit(self.settings.bus.url)
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{path}", method=method)
        request.add_header(
            "Authorization", "Basic " + b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        )
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def close(self) -> None:
        self.publisher.close()
        self.consumer.close()


class Fleet:
    """A controller's inbox, relay and warden in one thread, over a real broker, with two enrolled hosts."""

    def __init__(self, store: Store, folder: Path, broker: RabbitMQ) -> None:
        url, self.port = broker.fresh_url(), broker.management_port
        management = f"http://guest:guest@127.0.0.1:{self.port}"
        bus = settings.Bus(url=url, queue_type="classic", management=management, host_rate=200.0, host_burst=400)
        chosen = settings.Settings(bus=bus, controller=settings.Controller(auto_enroll=False))
        self.bus, self.store, self.folder = AmqpBus(bus), store, folder
        self.bus.declare()
        secrets = Secrets(folder / "keys")
        self.broker = Management(bus)
        enrolment = Enrolment(bus, self.broker, self.bus.declare_host, secrets.hosts.encrypt)
        self.api: Api = api(store, folder, chosen, enrolment)
        self.world, self.clock = self.api.services.world, self.api.clock
        self.gate = Gate(self.clock, chosen, Refusals(LOG))
        self.relay_bus = self.bus.publisher()
        seals = Seals(store, secrets.hosts.decrypt)
        self.relay = Relay(store, self.relay_bus, self.clock, lambda d, h: f"http://c/{d}?{h}", seal=seals.seal)
        self.reports = self.bus.reports()
        self.inbox = Inbox(store, self.world, self.reports, self.bus.declare_host, self.relay.post, gate=self.gate)
        self.warden = Warden(store, self.world, self.broker, self.gate.rates.loud)
        self.numbers = iter(self.world.ids, "")
        self.beats = itertools.count(1000)

    def enroll(self, name: str) -> Agent:
        """Enroll a host through the API, and read the settings file that it gives."""
        answer = self.api.call("POST", "/toft/v1/hosts", user="admin", json={"name": name})
        assert answer.status_code == 201, answer.text
        return self.agent(answer.json["settings"])

    def agent(self, text: str) -> Agent:
        file = self.folder / "agent.conf"
        file.write_text(text)
        return Agent(settings.load([str(file)]), self.numbers)

    def welcome(self, agent: Agent) -> None:
        """Let a host say hello, and be welcomed."""
        agent.greet()
        self.answer(agent, lambda c: c.verb == "welcome")

    def hear(self, agent: Agent) -> list[wire.Command]:
        """Take in all that a host said so far: its queue keeps the order, and the last is a heartbeat that is answered.

        Gives what came for it meanwhile, that answer last.
        """
        beat = next(self.beats)
        agent.say("heartbeat", wire.Heartbeat(beat=beat))
        return self.answer(agent, lambda c: c.verb == "lease" and wire.unpack(c.body, wire.Lease).beat == beat)

    def answer(self, agent: Agent, is_it: Callable[[wire.Command], bool]) -> list[wire.Command]:
        """Take turns until a host got the command that it waits for; gives all that came."""
        came: list[wire.Command] = []
        end = time.monotonic() + PATIENCE
        while not any(is_it(command) for command in came):
            assert time.monotonic() < end, f"{agent.name} got no answer: {self.gate.refusals.counts}"
            self.inbox.turn(0.02)
            self.relay.turn()
            came += agent.commands()
        return came

    def server(self, host: str) -> Server:
        """Have a server on a host, at its second generation."""
        made = Server(
            id=next(self.numbers),
            project_id="p",
            user_id="u",
            name="s",
            state=State.ACTIVE,
            power=Power.ON,
            seen=Power.ON,
            generation=2,
            flavor_id="f",
            flavor_name="f",
            guest=Guest(vcpus=1, memory_mib=64, disk_gib=1),
            image_id="i",
            created_at=NOW,
            updated_at=NOW,
            host_id=host,
        )
        with self.store.tx() as tx:
            servers.SERVERS.add(tx, [made])
        return made

    def turns(self, idle: int = 2) -> None:
        """Take turns until nothing comes for a while."""
        calm = 0
        while calm < idle:
            busy = self.inbox.turn(0.25)
            self.relay.turn()
            calm = 0 if busy else calm + 1

    def rows(self, host: str, server: str) -> list[Any]:
        """Give all that the tables say of a host and its server."""
        with self.store.read() as tx:
            found: list[Any] = []
            for table, column, value in (
                (tables.host, "id", host),
                (tables.server, "id", server),
                (tables.inventory, "host_id", host),
                (tables.stranger, "host_id", host),
                (tables.host_credential, "host_id", host),
                (tables.inbox, "server_id", server),
                (tables.outbox, "host_id", host),
                (tables.query, "server_id", server),
            ):
                found.append(sorted(map(repr, tx.rows(table.select().where(table.c[column] == value)))))
            return found

    def forge(self, name: str, key: bytes, **changes: Any) -> bytes:
        """Make a command as the controller would, sealed with any key."""

        body = wire.raw(wire.Goal(server=name, generation=9, power=Power.GONE))
        made = {"id": "x", "host": "", "host_epoch": 1, "verb": "converge", "body": body, "server": name}
        made |= {"expires": self.clock.now() + timedelta(hours=1), "generation": 9}
        return seal(wire.Command(**{**made, **changes}), "forged", key)

    def close(self) -> None:
        self.relay_bus.close()
        self.reports.close()
