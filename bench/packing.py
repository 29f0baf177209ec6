"""How tightly servers are packed that come and go as in a public cloud, beside first fit, best fit and Nova's way.

    make bench BENCH=packing [TRACE=<folder>] [JSON=1]

The product's own scheduler decides (``Fleet``: decide, commit, release), with the usual weights. The bound is volume:
CPUs or memory of all servers there over those of one host, the larger of the two; no way of packing needs fewer hosts.
Hosts have 128 CPUs and 305 GiB; a disk is not looked at.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bench import arrivals, report
from bench.arrivals import Trace
from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, HostView, Place, Stock
from controller.scheduler.unusable import Size

HOST = Size(128, 305 * 1024)
AMPLE = 1.2
"""So many times the bound are the hosts of which the used ones are counted: what is not used could be off."""

Floats = NDArray[np.float64]


class Hosts(Protocol):
    """Hosts, and who chooses among them."""

    def come(self, server: int, size: Size) -> str | None:
        """Put a server on a host; None: it fits on none."""

    def go(self, server: int, size: Size, host: str) -> None:
        """Take it away from its host."""


class Product:
    """The product's own."""

    def __init__(self, count: int, policy: Policy) -> None:
        self.fleet = Fleet(policy)
        self.fleet.load(map(_view, range(count)))

    def come(self, server: int, size: Size) -> str | None:
        """Decide and commit; the server's number breaks ties."""
        ask = _ask(server, size)
        place = self.fleet.decide(ask)
        if place is None:
            return None
        self.fleet.commit(ask, place)
        return place.host

    def go(self, server: int, size: Size, host: str) -> None:
        """Release it."""
        self.fleet.release(_ask(server, size), Place(host=host))


class Rule:
    """The host for which a rule gives the lowest number of those that fit, the first of equals."""

    def __init__(self, count: int, rule: Callable[[Floats], Floats]) -> None:
        self._free: Floats = np.tile(np.array(HOST, dtype=np.float64)[:, np.newaxis], count)
        self._rule = rule

    def come(self, server: int, size: Size) -> str | None:
        """Choose by the rule."""
        wanted = np.array(size)[:, np.newaxis]
        fits = (self._free >= wanted).all(axis=0)
        if not fits.any():
            return None
        at = int(np.where(fits, self._rule(self._free), np.inf).argmin())
        self._free[:, at] -= size
        return str(at)

    def go(self, server: int, size: Size, host: str) -> None:
        """Give back what it had."""
        self._free[:, int(host)] += size


def first_fit(free: Floats) -> Floats:
    """The first."""
    return np.zeros(free.shape[1])


def best_fit(free: Floats) -> Floats:
    """The one with the least left, as shares of CPUs and memory summed."""
    shares: Floats = free[0] / HOST.vcpus + free[1] / HOST.memory_mib
    return shares


def most_memory(free: Floats) -> Floats:
    """The one with the most memory left, as Nova's RAM weigher does."""
    taken: Floats = -free[1]
    return taken


WAYS: Mapping[str, Callable[[int], Hosts]] = {
    "pack": lambda count: Product(count, Policy()),
    "spread": lambda count: Product(count, Policy(spread=True)),
    "first fit": lambda count: Rule(count, first_fit),
    "best fit": lambda count: Rule(count, best_fit),
    "Nova's RAM": lambda count: Rule(count, most_memory),
}


class Outcome(NamedTuple):
    """What came of a replay: servers refused, hosts in use on average, and their bound on average."""

    refused: int
    used: float
    bound: float


class Census:
    """Who is on which host, and the averages of that over time."""

    def __init__(self, begin: float) -> None:
        self._begin = self._now = begin
        self._there = [0, 0]
        self._servers = Counter[str]()
        self._used = self._volume = 0.0

    def until(self, at: float) -> None:
        """Let time pass."""
        if at > self._now:
            self._used += len(self._servers) * (at - self._now)
            self._volume += self.volume * (at - self._now)
            self._now = at

    def change(self, host: str, size: Size, count: int) -> None:
        """Count a server more (1) or less (-1) on a host."""
        self._there = [had + count * amount for had, amount in zip(self._there, size, strict=True)]
        self._servers[host] += count
        if not self._servers[host]:
            del self._servers[host]

    @property
    def volume(self) -> float:
        """Give the hosts that those who are there need at least."""
        return max(amount / had for amount, had in zip(self._there, HOST, strict=True))

    def outcome(self, refused: int) -> Outcome:
        """Give the averages up to now."""
        lasted = self._now - self._begin
        return Outcome(refused, self._used / lasted, self._volume / lasted)


def bound(trace: Trace) -> int:
    """Give the hosts that the servers need at least when there are most of them."""
    census, most = Census(0), 0.0
    for event in trace.events:
        census.change("", trace.servers[event.server], 1 if event.comes else -1)
        most = max(most, census.volume)
    return math.ceil(most)


def replay(trace: Trace, hosts: Hosts) -> Outcome:
    """Let all servers come and go."""
    on, refused, census = dict[int, str](), 0, Census(trace.events[0].at)
    for at, comes, server in trace.events:
        census.until(at)
        size = trace.servers[server]
        if not comes:
            if server in on:
                hosts.go(server, size, on[server])
                census.change(on[server], size, -1)
        elif (host := hosts.come(server, size)) is None:
            refused += 1
        else:
            on[server] = host
            census.change(host, size, 1)
    return census.outcome(refused)


def needed(trace: Trace, way: Callable[[int], Hosts], least: int) -> int:
    """Give how many hosts it takes that no server is refused, found by halving."""
    low, high = least - 1, 2 * least
    while high - low > 1:
        middle = (low + high) // 2
        if replay(trace, way(middle)).refused:
            low = middle
        else:
            high = middle
    return high


class Figures(NamedTuple):
    """What one way of packing reaches."""

    hosts: int
    over_bound: float
    used: float
    used_over_bound: float
    refused: int


def measure(trace: Trace, way: Callable[[int], Hosts], least: int) -> Figures:
    """Replay the trace until all is known of one way of packing."""
    ample = replay(trace, way(math.ceil(AMPLE * least)))
    hosts = needed(trace, way, least)
    return Figures(hosts, hosts / least, ample.used, ample.used / ample.bound, ample.refused)


ROWS = (
    "hosts, so that no server is refused",
    "times the bound",
    "hosts in use, of 1.2 times the bound",
    "times the bound, on average",
    "refused then",
)


def main() -> None:
    """Measure and print."""
    trace = arrivals.given()
    least = bound(trace)
    figures = {name: measure(trace, way, least) for name, way in WAYS.items()}
    rows = {row: [_text(found[number]) for found in figures.values()] for number, row in enumerate(ROWS)}
    title = f"Packing {len(trace.servers):,} servers: {trace.name}; bound {least} hosts"
    facts: dict[str, report.Value] = {"trace": trace.name, "servers": len(trace.servers), "bound": least}
    for name, found in figures.items():
        key = "" if name == "pack" else "_" + name.lower().replace(" ", "_").replace("'", "")
        facts[f"zero_reject_hosts_over_bound{key}"] = round(found.over_bound, 4)
        facts[f"mean_used_over_bound{key}"] = round(found.used_over_bound, 4)
    report.show(title, list(figures), rows, facts)


def _text(value: float) -> report.Value:
    return f"{value:.3f}" if isinstance(value, float) else value


def _view(number: int) -> HostView:
    stocks = {"VCPU": Stock(HOST.vcpus), "MEMORY_MB": Stock(HOST.memory_mib), "DISK_GB": Stock(0)}
    return HostView(id=f"{number:04}", name=f"host-{number:04}", generation=1, stocks=stocks)


def _ask(server: int, size: Size) -> Ask:
    demand = Demand(shared=size.vcpus, memory_mib=size.memory_mib, disk_gib=0)
    return Ask(server=str(server), demand=demand, seed=server)


if __name__ == "__main__":
    main()
