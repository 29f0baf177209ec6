"""Calls on domains, each check-then-do."""

import logging
from typing import NamedTuple
from xml.etree import ElementTree

import libvirt

from common.states import Power
from common.wire import Present, ServerUsage
from compute_agent.domain_xml.domain import METADATA_NS
from compute_agent.driver.contract import Listing
from compute_agent.driver.libvirt.faults import is_already, is_gone, ours

LOG = logging.getLogger(__name__)

POWERS = {
    libvirt.VIR_DOMAIN_RUNNING: Power.ON,
    libvirt.VIR_DOMAIN_BLOCKED: Power.ON,
    libvirt.VIR_DOMAIN_SHUTDOWN: Power.ON,
    libvirt.VIR_DOMAIN_PAUSED: Power.PAUSED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: Power.PAUSED,
    libvirt.VIR_DOMAIN_SHUTOFF: Power.OFF,
    libvirt.VIR_DOMAIN_NOSTATE: Power.OFF,
    libvirt.VIR_DOMAIN_CRASHED: Power.CRASHED,
}
"""libvirt's state -> power; one that is shutting down still runs."""

UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
    libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
    libvirt.VIR_DOMAIN_UNDEFINE_NVRAM,
    libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
    libvirt.VIR_DOMAIN_UNDEFINE_TPM,
)
"""Flags of undefine, the oldest first: a libvirtd that does not know one is asked again without the newest."""

STATS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
NOWAIT = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


def find(connection: libvirt.virConnect, server: str) -> libvirt.virDomain | None:
    """Give a server's domain, or None."""
    try:
        return connection.lookupByUUIDString(server)
    except libvirt.libvirtError as error:
        if is_gone(error):
            return None
        raise


def start(connection: libvirt.virConnect, server: str) -> None:
    """Start from the disk; a paused guest goes on, a running one is left alone.

    :raises GoneOnHost: there is no such domain.
    """
    with ours(f"start {server}"):
        domain = connection.lookupByUUIDString(server)
        if power_of(domain) is Power.PAUSED:
            domain.resume()
        elif not domain.isActive():
            _start(domain)


def _start(domain: libvirt.virDomain) -> None:
    try:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_FORCE_BOOT)
    except libvirt.libvirtError as error:
        if not (is_already(error) and domain.isActive()):
            raise


def shutdown(connection: libvirt.virConnect, server: str) -> None:
    """Press the guest's power button; one that is off is left alone.

    :raises GoneOnHost: there is no such domain.
    """
    with ours(f"shut down {server}"):
        domain = connection.lookupByUUIDString(server)
        try:
            if domain.isActive():
                domain.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
        except libvirt.libvirtError as error:
            if not is_already(error) or domain.isActive():
                raise


def destroy(connection: libvirt.virConnect, server: str) -> None:
    """Cut the power; returns when QEMU is gone. One that is off, or not there, is left alone."""
    with ours(f"cut the power of {server}"):
        domain = find(connection, server)
        try:
            if domain and domain.isActive():
                domain.destroy()
        except libvirt.libvirtError as error:
            if not is_gone(error) and (not is_already(error) or (domain and domain.isActive())):
                raise


def power(connection: libvirt.virConnect, server: str) -> Power:
    """Say how the domain is; GONE where there is none."""
    with ours(f"look at {server}"):
        domain = find(connection, server)
        return power_of(domain) if domain else Power.GONE


def power_of(domain: libvirt.virDomain) -> Power:
    """Say how a domain is; one whose QEMU broke is CRASHED until it is started again."""
    state, reason = domain.state()[:2]
    if state == libvirt.VIR_DOMAIN_SHUTOFF and reason == libvirt.VIR_DOMAIN_SHUTOFF_CRASHED:
        return Power.CRASHED
    return POWERS[state]


def undefine(connection: libvirt.virConnect, server: str) -> None:
    """Remove a domain with all that libvirt keeps of it; one that is not there is left alone."""
    with ours(f"undefine {server}"):
        domain = find(connection, server)
        if domain:
            undefine_with(domain, UNDEFINE)


def undefine_with(domain: libvirt.virDomain, flags: tuple[int, ...]) -> None:
    """Undefine with these flags, or with fewer where libvirt does not know the last."""
    try:
        domain.undefineFlags(sum(flags))
    except libvirt.libvirtError as error:
        if is_gone(error):
            return
        if not flags or error.get_error_code() not in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT):
            raise
        undefine_with(domain, flags[:-1])


def listing(connection: libvirt.virConnect) -> Listing:
    """List all domains. Ours carry our metadata, and their own uuid in it; all others are strangers."""
    present: list[Present] = []
    strangers: list[str] = []
    copies: list[tuple[str, str]] = []
    with ours("list domains"):
        for domain in connection.listAllDomains():
            uuid = domain.UUIDString()
            try:
                mark = mark_of(domain)
                if mark is not None and mark.server == uuid:
                    present.append(Present(server=uuid, generation=mark.generation, power=power_of(domain)))
                    continue
            except libvirt.libvirtError as error:
                if is_gone(error):  # undefined since the list was made
                    continue
                raise
            strangers.append(uuid)
            copies += [(uuid, mark.server)] if mark else []
    return Listing(tuple(present), tuple(strangers), tuple(copies))


class Mark(NamedTuple):
    """What our metadata says of a domain: whose it is, and the generation that it was authored at."""

    server: str
    generation: int


def mark_of(domain: libvirt.virDomain) -> Mark | None:
    """Read our metadata in a domain; None where there is none of it."""
    try:
        text = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, METADATA_NS, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    except libvirt.libvirtError as error:
        if is_gone(error):
            raise
        return None
    # libvirt gives the element without its namespace
    mark = ElementTree.fromstring(text)  # noqa: S314 - libvirt has written it
    server, known = mark.get("id", ""), mark.get("generation", "")
    return Mark(server, int(known)) if server and known.isdecimal() else None


def generation(domain: libvirt.virDomain) -> int | None:
    """Give the generation that a domain of ours was authored at; None if it is not ours."""
    mark = mark_of(domain)
    return mark.generation if mark and mark.server == domain.UUIDString() else None


def usage(connection: libvirt.virConnect) -> tuple[ServerUsage, ...]:
    """Measure all guests of ours, without waiting for one that hangs."""
    with ours("measure guests"):
        stats = connection.getAllDomainStats(STATS, NOWAIT)
        return tuple(_usage(d.UUIDString(), values) for d, values in stats if d.name() == d.UUIDString())


def _usage(server: str, values: dict[str, int]) -> ServerUsage:
    def total(group: str, field: str) -> int:
        return sum(values.get(f"{group}.{number}.{field}", 0) for number in range(values.get(f"{group}.count", 0)))

    return ServerUsage(
        server=server,
        cpu_ns=values.get("cpu.time", 0),
        memory_kib=_memory(values),
        disk_read=total("block", "rd.bytes"),
        disk_written=total("block", "wr.bytes"),
        net_received=total("net", "rx.bytes"),
        net_sent=total("net", "tx.bytes"),
    )


def _memory(values: dict[str, int]) -> int:
    """Give what the guest says it uses, or else what QEMU takes of the host."""
    if "balloon.available" in values and "balloon.unused" in values:
        return values["balloon.available"] - values["balloon.unused"]
    return values.get("balloon.rss", 0)
