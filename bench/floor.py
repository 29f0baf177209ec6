"""The floor: the rows, messages and flushes of a run again, in batches of the same size, with no logic at all.

What no design that keeps these promises can be cheaper than: rows go from one JSON parameter into tables like the real
ones with a commit for each batch; each server's goal goes through its host's quorum queue, where a process that does
nothing else flushes it to its disk and answers with an event of a size that is usual; confirms and acks are pipelined.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench import processes
from bench.cluster import Cluster
from common.bus import open_bus
from common.bus.contract import COMMANDS, Outgoing
from common.settings import Bus

TABLES = {
    "server": "id",
    "workflow": "subject",
    "allocation": "consumer",
    "decision": "server_id",
    "port": "device_id",
    "inbox": "server_id",
    "timeline": "subject",
}
"""A create's rows: table -> the column that names the server."""

TURNS = ("POST", "stretch", "relay", "inbox")
"""The commits that a batch of servers goes through."""
GOAL_BYTES = 2000


class Floor(NamedTuple):
    """The CPU-milliseconds of a server at the floor, and the servers that shared a commit, as in the run."""

    cpu_ms: float
    batch: int


def floor(made: Cluster, servers: Sequence[str]) -> Floor:
    """Measure the floor of a run: this process, its stand-in agents, database and broker."""
    url, database = _broker(made), made.database.replace("+psycopg", "")
    hosts = [f"floor-{n}" for n in range(len(list(made.roots["agents"])))]
    with psycopg.connect(database) as connection, _agents(url, hosts, made.folder) as agents:
        batch = _batch(connection, servers)
        rows = {name: _rows(connection, name, column, servers) for name, column in TABLES.items()}
        roots = {"services": [*made.roots["PostgreSQL"], *made.roots["RabbitMQ"]], "floor": [os.getpid(), *agents]}
        before = sum(processes.cpu_seconds(roots).values())
        for begin in range(0, len(servers), batch):
            _turns(connection, rows, begin, batch)
        _messages(url, hosts, len(servers), batch)
        return Floor((sum(processes.cpu_seconds(roots).values()) - before) * 1000 / len(servers), batch)


def _broker(made: Cluster) -> str:
    text = (made.folder / "controller.conf").read_text()
    return next(line.split("=", 1)[1].strip() for line in text.splitlines() if line.startswith("url = amqp"))


def _batch(connection: Any, servers: Sequence[str]) -> int:
    """Give how many servers shared a commit: their decisions are written once, and remember their transaction."""
    (commits,) = connection.execute(
        "SELECT count(DISTINCT xmin::text) FROM decision WHERE server_id = ANY(%s)", (list(servers),)
    ).fetchone()
    return max(1, round(len(servers) / commits))


def _rows(connection: Any, name: str, column: str, servers: Sequence[str]) -> list[str]:
    """Read a table's rows of these servers as JSON, and make an empty table like it."""
    connection.execute(f"CREATE TABLE floor_{name} (LIKE {name} INCLUDING ALL)")
    found = connection.execute(
        f"SELECT row_to_json(t)::text FROM {name} t WHERE {column} = ANY(%s) ORDER BY {column}", (list(servers),)
    ).fetchall()
    connection.commit()
    return [text for (text,) in found]


def _turns(connection: Any, rows: dict[str, list[str]], begin: int, batch: int) -> None:
    """Write one batch's rows, spread over the commits that a batch has."""
    for turn, _ in enumerate(TURNS):
        for name in list(rows)[turn :: len(TURNS)]:
            each = len(rows[name]) / len(rows["server"])
            part = rows[name][int(begin * each) : int((begin + batch) * each)]
            statement = f"INSERT INTO floor_{name} SELECT * FROM json_populate_recordset(NULL::floor_{name}, %s)"
            connection.execute(statement, (f"[{','.join(part)}]",))
        connection.commit()


def _messages(url: str, hosts: Sequence[str], count: int, batch: int) -> None:
    """Send a goal for each server, and wait for as many events."""
    bus = open_bus(Bus(url=url))
    publisher, consumer = bus.publisher(), bus.commands("floor")
    sent = heard = 0
    while heard < count:
        if sent < count:
            goals = [hosts[n % len(hosts)] for n in range(sent, min(count, sent + batch))]
            publisher.publish([Outgoing(COMMANDS, host, b"x" * GOAL_BYTES) for host in goals])
            sent += len(goals)
        events = consumer.receive(1.0 if sent >= count else 0.0)
        consumer.ack([event.tag for event in events])
        heard += len(events)
    publisher.close()
    consumer.close()


@contextmanager
def _agents(url: str, hosts: Sequence[str], folder: Path) -> Iterator[list[int]]:
    """Have a process for each host, which flushes what comes and answers it."""
    bus = open_bus(Bus(url=url))
    for host in ("floor", *hosts):
        bus.declare_host(host)
    pids = []
    for host in hosts:
        pid = os.fork()
        if pid == 0:
            try:
                _agent(url, host, folder / f"{host}.journal")
            finally:
                os._exit(0)
        pids.append(pid)
    time.sleep(3.0)  # until all have connected: that is not counted
    try:
        yield pids
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def _agent(url: str, host: str, journal: Path) -> None:
    bus = open_bus(Bus(url=url))
    consumer, publisher = bus.commands(host), bus.publisher()
    with journal.open("wb", buffering=0) as file:
        while True:
            commands = consumer.receive(1.0)
            if commands:
                file.write(b"".join(command.body for command in commands))
                os.fdatasync(file.fileno())
                consumer.ack([command.tag for command in commands])
                publisher.publish([Outgoing(COMMANDS, "floor", command.body[:800]) for command in commands])
