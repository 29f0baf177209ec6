"""What a driver does; both of ours pass one suite of tests.

Every method is check-then-do: called again after a crash, or with the thing already so, it does nothing and succeeds.
Names and paths come from uuids only. Each may take seconds and is called in a lane's thread under a deadline; none
calls back into the agent but through the sink given to ``connect``.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from common.states import Power
from common.wire import DriveGoal, Goal, Hardware, ImageSource, Inventory, NetworkGoal, PortGoal, Present, Usage


class DomainEvent(NamedTuple):
    """Something happened to a guest by itself. ``lost``: events may have been missed, look at everything again."""

    server: str
    power: Power | None
    reason: str = ""
    lost: bool = False


Sink = Callable[[DomainEvent], None]


class Listing(NamedTuple):
    """All domains on the host: ours, and the uuids of those that are not.

    ``copies``: which of the latter carry the mark of one of ours, and whose. ``files``: servers that have files here
    and no domain.
    """

    present: tuple[Present, ...]
    strangers: tuple[str, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()


class Driver(Protocol):
    """A hypervisor on one host. All raise HypervisorError with a reason when it refuses, GoneOnHost where named."""

    features: frozenset[str]
    """What goals may ask for, and traits it offers; part of the hello."""

    instant: bool
    """No call of it ever waits for anything: none needs a thread."""

    def connect(self, sink: Sink) -> None:
        """Open what is needed and begin to hear events; callbacks only hand them to ``sink``."""
        ...

    def close(self) -> None:
        """Let go of all connections. Guests go on running."""
        ...

    def inventory(self) -> Inventory:
        """Look at the host."""
        ...

    def listing(self) -> Listing:
        """List domains with their power, and files without a domain; cached calls only, never blocks on one guest.
        Generation: as authored."""
        ...

    def usage(self) -> Usage:
        """Measure the host and its guests; never blocks on one guest."""
        ...

    def ensure_image(self, image: ImageSource) -> None:
        """Have the image in the cache: fetched, its digest right, found sound.

        :raises InvalidImage: it is not what it claims to be; nothing is left of it.
        :raises HypervisorError: it cannot be fetched, or there is no room; nothing is left of it.
        """
        ...

    def prune_images(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Drop cached images over the size and age limits that no disk stands on and ``keep`` does not name."""
        ...

    def ensure_network(self, network: NetworkGoal) -> None:
        """Have the network defined and running."""
        ...

    def remove_network(self, network: str) -> bool:
        """Remove a network that no domain uses; False where one still does."""
        ...

    def bind_port(self, port: PortGoal) -> None:
        """Let the network's DHCP give the port its address; a network without DHCP needs nothing."""
        ...

    def unbind_port(self, network: str, mac: str) -> None:
        """Take the address of a port's MAC back; the network may be gone already."""
        ...

    def network_leftovers(self) -> dict[str, tuple[str, ...]]:
        """Give each network of ours here, with the MACs that have an address there and belong to no domain."""
        ...

    def ensure_disk(self, server: str, image: ImageSource, disk_gib: int) -> None:
        """Have the server's root disk: an overlay on the cached image, at least as large as either.

        :raises GoneOnHost: the image is not in the cache.
        """
        ...

    def ensure_drive(self, server: str, drive: DriveGoal, ports: tuple[PortGoal, ...]) -> None:
        """Have the server's config drive, written anew if it is not there."""
        ...

    def define(self, goal: Goal) -> Hardware:
        """Author the domain's XML whole from the goal, define it, and read its hardware back.

        Known hardware (``goal.hardware``) is kept: what stays keeps its address. A running domain's change waits for
        its next start. A port that the goal no longer names is unbound; its network goes too if nobody else uses it.

        :raises GoneOnHost: its disk or the disk's base is missing.
        """
        ...

    def start(self, server: str) -> None:
        """Start the domain, from its disk and not from a saved state; a running one is left alone."""
        ...

    def shutdown(self, server: str) -> None:
        """Ask the guest to power off; returns at once, the guest may take its time or refuse."""
        ...

    def destroy(self, server: str) -> None:
        """Cut the guest's power; returns when its process is gone."""
        ...

    def power(self, server: str) -> Power:
        """Say how the domain is; GONE where there is none."""
        ...

    def undefine(self, server: str) -> None:
        """Remove the domain and all that the hypervisor keeps of it; its power is off already."""
        ...

    def remove_files(self, server: str) -> None:
        """Remove disk, drive and logs of a server whose domain is gone."""
        ...

    def console(self, server: str, length: int | None) -> str:
        """Give the last ``length`` lines of the serial console (None: all that is kept); bytes that are not UTF-8 are
        replaced.

        :raises GoneOnHost: there is no such domain.
        """
        ...

    def notes(self, server: str) -> dict[str, str]:
        """Say what its users should know of a running server, for Settled: ``ssh`` is a forwarded address and port."""
        ...
