"""Compare what clients were told with what is there."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.chaos.evidence import Evidence
from lab.chaos.load import Wishes

RESTING = {"SHUTOFF", "ERROR"}
"""States of a server whose guest need not run: it stopped, or it failed; each says why."""


@dataclass
class Verdict:
    """What is wrong: each a sentence that begins with the server, where it is one's."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Say whether nothing is wrong."""
        return not (self.lost or self.doubled or self.leaked)

    @property
    def all(self) -> list[str]:
        """Give all that is wrong."""
        return [*self.lost, *self.doubled, *self.leaked]


def judge(wishes: Wishes, there: Evidence) -> Verdict:
    """Compare."""
    return Verdict([*_lost(wishes, there)], [*_doubled(there)], [*_leaked(wishes, there)])


def _lost(wishes: Wishes, there: Evidence) -> Iterator[str]:
    """Give what was acknowledged and is not so, and what is not finished."""
    for server in sorted(wishes.standing):
        found = there.servers.get(server)
        if found is None:
            yield f"{server} {wishes.created[server]} was acknowledged and is not there"
        elif found["status"] not in {"ACTIVE", *RESTING}:
            yield f"{server} is {found['status']} still"
        elif found["status"] == "ERROR" and not found.get("fault"):
            yield f"{server} is in ERROR and does not say why"
        elif found["status"] == "ACTIVE" and there.domains and not _running(server, there):
            yield f"{server} is ACTIVE and does not run"
    yield from there.ledger
    if there.workflows:
        yield f"{there.workflows} workflows are under way still"
    if there.outbox:
        yield f"{there.outbox} messages were not sent"


def _running(server: str, there: Evidence) -> list[str]:
    return [host for host, domains in there.domains.items() if domains.get(server) == "running"]


def _doubled(there: Evidence) -> Iterator[str]:
    names = Counter(server["name"] for server in there.servers.values())
    yield from (f"{name} is there {times} times" for name, times in sorted(names.items()) if times > 1)
    domains = Counter(server for host in there.domains.values() for server in host)
    yield from (f"{server} is on {times} hosts" for server, times in sorted(domains.items()) if times > 1)


def _leaked(wishes: Wishes, there: Evidence) -> Iterator[str]:
    """Give what is there and belongs to nobody."""
    for server in sorted(set(there.servers) - wishes.standing):
        yield f"{server} is {there.servers[server]['status']} and nobody wants it"
    for host, domains in there.domains.items():
        yield from (f"{server} has a domain on {host}" for server in sorted(set(domains) - set(there.servers)))
    for host, folders in there.folders.items():
        yield from (f"{server} has files on {host}" for server in sorted(folders - set(there.servers)))
    yield from (f"{server} has a claim" for server in sorted(there.claims - set(there.servers)))
    yield from (f"{server} has a port" for server in sorted(there.ports - set(there.servers)))
    if there.counted != len(there.servers):
        yield f"the quota counts {there.counted} servers, there are {len(there.servers)}"
