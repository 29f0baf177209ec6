"""Changes of hosts that operators make: they come, get new keys, go."""

from datetime import timedelta
from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.model.host import Host, HostState
from controller.db import credentials, hosts, ledger, servers
from controller.db.credentials import CREDENTIALS, Credential
from controller.db.engine import Tx
from controller.workflow.capacity import approve
from controller.workflow.world import World
from controller.writer import Change


def find(tx: Tx, word: str) -> Host:
    """Give the host of this name or id.

    :raises NotFound: there is none.
    """
    host = hosts.named(tx, word) or hosts.get(tx, [word]).get(word)
    if host is None:
        raise errors.NotFound(f"there is no host {word}")
    return host


class EnrollHost(Change[Host], frozen=True, kw_only=True):
    """Have a host that was never heard yet, with its first credential."""

    returns: ClassVar[Any] = Host

    host_id: str
    name: str
    credential_id: str
    broker_user: str | None
    key: str

    def apply(self, tx: Tx, world: World) -> Host:
        """Write both.

        :raises Conflict: a host has that name.
        """
        if known := hosts.named(tx, self.name):
            raise errors.Conflict(f"{self.name} is host {known.id} already; `toft host rotate` gives it a new key")
        now = world.clock.now()
        host = Host(
            id=self.host_id,
            name=self.name,
            generation=1,
            epoch=0,
            boot_id="",
            state=HostState.NEW,
            enabled=True,
            heard_at=now,
            lease_until=now,
        )
        hosts.add(tx, host)
        _add(tx, self.host_id, self.credential_id, self.broker_user, self.key, world)
        return host


class RotateHost(Change[Host], frozen=True, kw_only=True):
    """Give a host one more credential."""

    returns: ClassVar[Any] = Host

    host_id: str
    credential_id: str
    broker_user: str | None
    key: str

    def apply(self, tx: Tx, world: World) -> Host:
        """Write it.

        :raises NotFound: the host is gone.
        """
        host = _locked(tx, self.host_id)
        _add(tx, host.id, self.credential_id, self.broker_user, self.key, world)
        return host


def _add(tx: Tx, host: str, id_: str, user: str | None, key: str, world: World) -> None:
    made = Credential(id=id_, host_id=host, broker_user=user, key=key, created_at=world.clock.now())
    CREDENTIALS.add(tx, [made])


class RetireCredentials(Change[None], frozen=True, kw_only=True):
    """Let a host's credentials that are older than ``newest`` be valid for ``grace`` seconds on."""

    host_id: str
    newest: str
    grace: float

    def apply(self, tx: Tx, world: World) -> None:
        """Write when they end; one that ends earlier still does.

        :raises NotFound: the host is gone.
        """
        host = _locked(tx, self.host_id)
        until = world.clock.now() + timedelta(seconds=self.grace)
        old = [c for c in credentials.of_hosts(tx, [host.id]).get(host.id, []) if c.id < self.newest]
        CREDENTIALS.save(tx, [replace(c, retires_at=min(c.retires_at or until, until)) for c in old])


def _locked(tx: Tx, id_: str) -> Host:
    host = hosts.get(tx, [id_], lock=True).get(id_)
    if host is None:
        raise errors.NotFound(f"there is no host {id_}")
    return host


class DropCredentials(Change[None], frozen=True, kw_only=True):
    """Forget credentials: what comes with them is refused."""

    ids: tuple[str, ...]

    def apply(self, tx: Tx, world: World) -> None:
        """Delete them."""
        credentials.remove(tx, self.ids)


class RemoveHost(Change[Host], frozen=True, kw_only=True):
    """Forget a host that has no servers, with its credentials."""

    returns: ClassVar[Any] = Host

    host_id: str

    def apply(self, tx: Tx, world: World) -> Host:
        """Delete it and all that hangs on it.

        :raises NotFound: it is gone.
        :raises Conflict: servers live there; says how many.
        """
        host = _locked(tx, self.host_id)
        refuse_living(tx, host)
        hosts.remove(tx, host.id)
        return host


def refuse_living(tx: Tx, host: Host) -> None:
    """See that no server lives on a host.

    :raises Conflict: some do; says how many.
    """
    living = len({s.id for s in servers.on_hosts(tx, [host.id])} | set(ledger.claimants(tx, host.id)))
    if living:
        count = "1 server lives" if living == 1 else f"{living} servers live"
        raise errors.Conflict(f"{count} on host {host.name}: delete or move them first")


class UnmuteHost(Change[Host], frozen=True, kw_only=True):
    """Let a host speak again that said too much."""

    returns: ClassVar[Any] = Host

    host_id: str

    def apply(self, tx: Tx, world: World) -> Host:
        """Write it."""
        hosts.set_muted(tx, [self.host_id], None)
        return hosts.get(tx, [self.host_id])[self.host_id]


class ApproveHost(Change[Host], frozen=True, kw_only=True):
    """Believe what a host reports to have, however much that is."""

    returns: ClassVar[Any] = Host

    host_id: str

    def apply(self, tx: Tx, world: World) -> Host:
        """Write it to the ledger.

        :raises Conflict: nothing of that host is held.
        """
        host = hosts.get(tx, [self.host_id], lock=True)[self.host_id]
        if not host.held:
            raise errors.Conflict(f"nothing that host {host.name} reports is held")
        approve(tx, host, world)
        return hosts.get(tx, [self.host_id])[self.host_id]
