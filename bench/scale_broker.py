"""The broker alone with many hosts: its memory, how long it takes to come back, and all hosts coming back at once.

    QUEUES=1000,3000 make bench BENCH=scale_broker [JSON=1]

One node. Back is a broker when a message to every host's queue is confirmed again after kill -9. The storm: so many
connections that each log in and consume their queue, all at the same moment, or spread as agents do (0.5 to 3 s).
"""

import os
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import amqp

from bench import processes, report
from common import settings
from common.bus import open_bus
from common.bus.contract import COMMANDS, Bus, Outgoing
from common.errors import BusUnavailable
from tests.services import rabbitmq

QUEUES = tuple(int(number) for number in os.environ.get("QUEUES", "1000,3000").split(","))
STORM = int(os.environ.get("STORM", "1000"))
THREADS = 200
TOGETHER = 100
"""Queues that are asked at once whether they are back: those that are need not be asked again."""
PATIENCE = 300.0
NAMES = ("memory, MiB PSS", "queues declared a second", "node answers after kill -9, s", "all queues confirm, s")


class Storm(NamedTuple):
    """How long until all were back, and how long each took (median, 99 %)."""

    seconds: float
    p50: float
    p99: float


def main() -> None:
    """Measure with more and more queues."""
    columns: dict[str, list[report.Value]] = {}
    facts: dict[str, report.Value] = {}
    with rabbitmq.running() as broker:
        bus = open_bus(settings.Bus(url=broker.url))
        bus.declare()
        hosts: list[str] = []
        for number in QUEUES:
            new = [f"host{n}" for n in range(len(hosts), number)]
            declared = _took(partial(_declare, bus, new))
            hosts += new
            broker.kill9()
            started = _took(broker.start)
            back = started + _took(partial(_reach, bus, hosts))
            held = processes.memory({"broker": [broker.pid]})["broker"]
            columns[f"{number} queues"] = [held.pss, len(new) / declared, started, back]
            facts |= {f"broker_mb_{number}": held.pss, f"restart_s_{number}": back}
            report.show("one broker, quorum queues", tuple(columns), _rows(NAMES, list(columns.values())), facts)
        storms = {"at once": _storm(broker, hosts, 0.0, 0.0), "spread": _storm(broker, hosts, 0.5, 3.0)}
    told = [[storm.seconds, storm.p50 * 1000, storm.p99 * 1000] for storm in storms.values()]
    facts |= {f"storm_{name.replace(' ', '_')}_s": storm.seconds for name, storm in storms.items()}
    rows = _rows(("all are back after, s", "one takes, median ms", "one takes, 99 % ms"), told)
    report.show(f"{STORM} connections come back", tuple(storms), rows, facts)


def _rows(names: tuple[str, ...], columns: list[list[report.Value]]) -> dict[str, list[report.Value]]:
    return {name: [column[place] for column in columns] for place, name in enumerate(names)}


def _took(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _declare(bus: Bus, hosts: list[str]) -> None:
    for host in hosts:
        bus.declare_host(host)


def _reach(bus: Bus, hosts: list[str]) -> None:
    """Publish to every queue until each has confirmed.

    :raises TimeoutError: some never did.
    """
    end, publisher = time.monotonic() + PATIENCE, bus.publisher()
    left = [Outgoing(COMMANDS, host, b"{}") for host in hosts]
    while left:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(left)} queues did not come back")
        try:
            back = publisher.publish(left[:TOGETHER], timeout=10.0)
        except BusUnavailable:
            back = left[:TOGETHER]
            time.sleep(0.2)
        left = [*left[TOGETHER:], *back]
    publisher.close()


def _storm(broker: rabbitmq.RabbitMQ, hosts: list[str], least: float, most: float) -> Storm:
    """Let connections come back after pauses between ``least`` and ``most`` seconds, all asked for at one moment."""
    pauses = [random.uniform(least, most) for _ in range(STORM)]
    begun = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        jobs = [
            threads.submit(_connect, broker.port, host, begun + pause)
            for host, pause in zip(hosts, sorted(pauses), strict=False)
        ]
        made = [job.result() for job in jobs]
    seconds = time.monotonic() - begun
    for connection, _ in made:
        connection.collect()
    took = sorted(spent for _, spent in made)
    return Storm(seconds, statistics.median(took), took[int(len(took) * 0.99) - 1])


def _connect(port: int, host: str, at: float) -> tuple[amqp.Connection, float]:
    time.sleep(max(0.0, at - time.monotonic()))
    begun = time.monotonic()
    while True:
        connection = amqp.Connection(f"127.0.0.1:{port}", "guest", "guest", connect_timeout=30, read_timeout=30)
        try:
            connection.connect()
            connection.channel().basic_consume(f"cmd.{host}", callback=lambda message: None)
            return connection, time.monotonic() - begun
        except (OSError, amqp.AMQPError):  # an agent tries again, too
            if time.monotonic() - begun > PATIENCE:
                raise
            time.sleep(random.uniform(0.5, 3.0))


if __name__ == "__main__":
    main()
