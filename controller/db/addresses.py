"""Which fixed address of a subnet comes next."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from common import errors
from common.clock import wire_time
from common.model.network import Subnet

LEASE = timedelta(hours=1)
"""How long the DHCP server may hold an address for the MAC that had it: until then it refuses it to another."""


def pooled(subnet: Subnet, start: int) -> Iterator[tuple[int, str]]:
    """Give the addresses of a subnet's pools from ``start`` on, each also as a number, lowest pool first."""
    for first, last in subnet.pools:
        for number in range(max(start, int(IPv4Address(first))), int(IPv4Address(last)) + 1):
            yield number, str(IPv4Address(number))


class Space:
    """The addresses of one subnet, as one transaction sees them; ``take`` never gives one twice.

    :param used: addresses in use.
    :param freed: when others were given back.
    :param start: the first address, as a number, that may never have been used.
    """

    def __init__(
        self, subnet: Subnet, used: Iterable[str], freed: Mapping[str, datetime], now: datetime, start: int = 0
    ) -> None:
        self.subnet, self.reached = subnet, start
        self._used = {*used, *([subnet.gateway_ip] if subnet.gateway_ip else [])}
        self._freed = dict(freed)
        self._now = now
        self._fresh = self._never_used()

    def take(self, asked: str | None = None) -> str:
        """Take the address asked for, or else the lowest that was never used, or else the longest free.

        :raises BadRequest: the subnet cannot have that address.
        :raises Conflict: it is in use or was freed just now, or nothing is left.
        """
        address = next(self._fresh, None) or self._longest_free() if asked is None else self._checked(asked)
        if address is None:
            raise errors.Conflict(f"subnet {self.subnet.id} has no free address left; delete ports or wait an hour")
        self._used.add(address)
        self._freed.pop(address, None)
        return address

    def _never_used(self) -> Iterator[str]:
        for number, address in pooled(self.subnet, self.reached):
            if address not in self._used and address not in self._freed:
                self.reached = number + 1
                yield address

    def _longest_free(self) -> str | None:
        ready = [(at, address) for address, at in self._freed.items() if self._free_again(at) <= self._now]
        pooled = (address for _, address in sorted(ready) if address not in self._used and self._in_pools(address))
        return next(pooled, None)

    def _free_again(self, freed_at: datetime) -> datetime:
        return freed_at + LEASE if self.subnet.enable_dhcp else freed_at

    def _in_pools(self, address: str) -> bool:
        number = IPv4Address(address)
        return any(IPv4Address(first) <= number <= IPv4Address(last) for first, last in self.subnet.pools)

    def _checked(self, asked: str) -> str:
        network = IPv4Network(self.subnet.cidr)
        try:
            number = IPv4Address(asked)
        except AddressValueError as error:
            raise errors.BadRequest(f"{asked!r} is not an IPv4 address") from error
        edges = {network.network_address, network.broadcast_address} if network.prefixlen < 31 else set()
        if number not in network or number in edges:
            raise errors.BadRequest(f"{asked} is not an address that subnet {self.subnet.id} ({network}) can give")
        if asked in self._used:
            raise errors.Conflict(f"{asked} is in use in subnet {self.subnet.id}")
        if asked in self._freed and self._free_again(self._freed[asked]) > self._now:
            again = wire_time(self._free_again(self._freed[asked]))
            raise errors.Conflict(f"{asked} was given back just now; its DHCP lease ends at {again}")
        return asked
