"""Calls on host-local networks, each check-then-do."""

from xml.etree import ElementTree

import libvirt

from compute_agent.domain_xml.network import Host, Network
from compute_agent.driver.libvirt.faults import is_already, is_gone, ours

LIVE, CONFIG = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE, libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG


def find(connection: libvirt.virConnect, network: str) -> libvirt.virNetwork | None:
    """Give a network, or None."""
    try:
        return connection.networkLookupByUUIDString(network)
    except libvirt.libvirtError as error:
        if is_gone(error):
            return None
        raise


def ensure(connection: libvirt.virConnect, network: str, xml: str) -> None:
    """Have a network defined and running. One that exists keeps its definition, and with it its ports' addresses."""
    with ours(f"network {network}"):
        found = find(connection, network) or connection.networkDefineXML(xml)
        if found.isActive():
            return
        try:
            found.create()
        except libvirt.libvirtError as error:
            if not (is_already(error) and found.isActive()):
                raise


def remove(connection: libvirt.virConnect, network: str) -> bool:
    """Remove a network of ours; False where a domain still uses it, or where it is not ours."""
    with ours(f"remove network {network}"):
        found = find(connection, network)
        if not found:
            return True
        if not is_ours(found) or _is_used(connection, found.name()):
            return False
        if found.isActive():
            found.destroy()
        found.undefine()
        return True


def listing(connection: libvirt.virConnect) -> tuple[str, ...]:
    """Give the ids of all networks of ours."""
    with ours("list networks"):
        return tuple(found.UUIDString() for found in connection.listAllNetworks() if is_ours(found))


def leftovers(connection: libvirt.virConnect) -> dict[str, tuple[str, ...]]:
    """Give each network of ours, with the MACs that its DHCP knows and no domain has.

    Domains are looked at last: what was defined meanwhile counts as theirs.
    """
    with ours("list addresses"):
        known = {found.UUIDString(): _macs(found) for found in connection.listAllNetworks() if is_ours(found)}
        owned = {mac for domain in connection.listAllDomains() for mac, _ in _nics(domain)}
    return {network: tuple(sorted(macs - owned)) for network, macs in known.items()}


def _macs(network: libvirt.virNetwork) -> set[str]:
    return {mac for flags in (0, libvirt.VIR_NETWORK_XML_INACTIVE) for mac, _ in hosts(network, flags)}


def bind(connection: libvirt.virConnect, network: str, mac: str, address: str) -> None:
    """Let the network's DHCP give ``address`` to ``mac``, now and after a restart.

    :raises GoneOnHost: there is no such network.
    """
    with ours(f"bind {address} on network {network}"):
        found = connection.networkLookupByUUIDString(network)
        for where, flags in ((LIVE, 0), (CONFIG, libvirt.VIR_NETWORK_XML_INACTIVE)):
            _bind(found, mac, address, where, flags)


def unbind(connection: libvirt.virConnect, network: str, mac: str) -> None:
    """Take the address of ``mac`` back; the network may be gone."""
    with ours(f"unbind {mac} on network {network}"):
        found = find(connection, network)
        if not found:
            return
        for where, flags in ((LIVE, 0), (CONFIG, libvirt.VIR_NETWORK_XML_INACTIVE)):
            for entry in hosts(found, flags):
                if entry[0] == mac and (where == CONFIG or found.isActive()):
                    _update(found, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, entry, where)


def hosts(network: libvirt.virNetwork, flags: int = 0) -> list[tuple[str, str]]:
    """Give the (MAC, address) pairs that a network's DHCP knows."""
    described = Network.from_xml(network.XMLDesc(flags))
    return [(host.mac, host.ip) for ip in described.ips if ip.dhcp for host in ip.dhcp.hosts]


def _bind(network: libvirt.virNetwork, mac: str, address: str, where: int, flags: int) -> None:
    present = hosts(network, flags)
    if (mac, address) in present:
        return
    for entry in present:  # whoever had the address or the MAC before has it no more
        if mac == entry[0] or address == entry[1]:
            _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, entry, where)
    _update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, (mac, address), where)


def _update(network: libvirt.virNetwork, command: int, entry: tuple[str, str], where: int) -> None:
    xml = Host(mac=entry[0], ip=entry[1]).to_xml()
    network.update(command, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, -1, xml, where)


def is_ours(network: libvirt.virNetwork) -> bool:
    """Say whether a network carries our mark, with its own uuid in it."""
    mark = Network.from_xml(network.XMLDesc()).mark
    return mark is not None and mark.id == network.UUIDString()


def _is_used(connection: libvirt.virConnect, name: str) -> bool:
    return any(network == name for domain in connection.listAllDomains() for _, network in _nics(domain))


def _nics(domain: libvirt.virDomain) -> list[tuple[str, str]]:
    """Give the MAC of each of a domain's NICs, with the name of its network; empty where that is missing."""
    described = ElementTree.fromstring(domain.XMLDesc())  # noqa: S314 - libvirt has written it
    nics = [(nic.find("mac"), nic.find("source")) for nic in described.iterfind("devices/interface")]
    return [(_told(mac, "address"), _told(source, "network")) for mac, source in nics]


def _told(element: ElementTree.Element | None, attribute: str) -> str:
    return "" if element is None else element.get(attribute, "")
