"""The network that joins a lab's hosts with the machine: one bridge, and one link to each host."""

import subprocess

from lab import places

ADDRESS = "02:70:66:74:00:01"
"""The bridge's hardware address."""


def make() -> None:
    """Make the bridge; the machine is at .1.

    :raises CalledProcessError: it is there already, or this user may not make one.
    """
    # of its own: it would have the least of its ports' addresses, and another one whenever that host loses its power
    _ip("link", "add", places.BRIDGE, "address", ADDRESS, "type", "bridge")
    _ip("address", "add", f"{places.NETWORK}.1/24", "dev", places.BRIDGE)
    _ip("link", "set", places.BRIDGE, "up")


def plug(name: str, number: int, pid: int) -> None:
    """Give a host, by its first process, the interface eth0 with the address .10+number and a way out."""
    link = f"{places.LINK}{name}"
    subprocess.run(["ip", "link", "del", link], capture_output=True)  # of a host that lost its power
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _ip("link", "set", link, "master", places.BRIDGE, "up")
    inside = ["nsenter", "-t", str(pid), "-n", "ip"]
    for words in (
        ["address", "add", f"{places.NETWORK}.{10 + number}/24", "dev", "eth0"],
        ["link", "set", "eth0", "up"],
        ["route", "add", "default", "via", f"{places.NETWORK}.1"],
    ):
        subprocess.run([*inside, *words], check=True)


def remove(link: str) -> None:
    """Remove a link of the machine, if it is still there: those to hosts go with the hosts."""
    subprocess.run(["ip", "link", "del", link], capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
