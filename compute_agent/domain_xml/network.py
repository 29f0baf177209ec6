"""A libvirt network: a bridge on the host with an address, DHCP and NAT."""

from compute_agent.domain_xml.domain import METADATA_NS
from compute_agent.domain_xml.mapping import INT, ON_OFF, YES_NO, Node, attr, child, children, element, text


@element("network", namespace=METADATA_NS, prefix="toft")
class NetworkMark(Node):
    """Our mark in a network's metadata."""

    id: str = attr()


@element("host")
class Host(Node):
    """An address that is kept for one MAC."""

    mac: str = attr()
    ip: str = attr()


@element("range")
class Range(Node):
    """Addresses that DHCP may give away."""

    start: str = attr()
    end: str = attr()


@element("dhcp")
class Dhcp(Node):
    """What DHCP answers."""

    ranges: tuple[Range, ...] = children(Range, default=())
    hosts: tuple[Host, ...] = children(Host, default=())


@element("ip")
class Ip(Node):
    """The bridge's own address, and DHCP on it."""

    family: str | None = attr(default=None)
    address: str = attr()
    netmask: str | None = attr(default=None)
    prefix: int | None = attr(codec=INT, default=None)
    dhcp: Dhcp | None = child(Dhcp, default=None)


@element("forwarder")
class Forwarder(Node):
    """A DNS server that names are asked of."""

    addr: str | None = attr(default=None)


@element("dns")
class Dns(Node):
    """The network's own DNS."""

    enable: bool | None = attr(codec=YES_NO, default=None)
    forwarders: tuple[Forwarder, ...] = children(Forwarder, default=())


@element("option", namespace="http://libvirt.org/schemas/network/dnsmasq/1.0", prefix="dnsmasq")
class DnsmasqOption(Node):
    """A line of dnsmasq's configuration."""

    value: str = attr()


@element("options", namespace="http://libvirt.org/schemas/network/dnsmasq/1.0", prefix="dnsmasq")
class DnsmasqOptions(Node):
    """Lines of dnsmasq's configuration that libvirt has no element for."""

    lines: tuple[DnsmasqOption, ...] = children(DnsmasqOption, default=())


@element("network")
class Network(Node):
    """A network of the host."""

    name: str = text("name")
    uuid: str | None = text("uuid", default=None)
    mark: NetworkMark | None = child(NetworkMark, "metadata", default=None)
    forward: str | None = attr("forward", "mode", default=None)
    bridge: str | None = attr("bridge", "name", default=None)
    stp: bool | None = attr("bridge", codec=ON_OFF, default=None)
    delay: int | None = attr("bridge", codec=INT, default=None)
    mtu: int | None = attr("mtu", "size", codec=INT, default=None)
    dns: Dns | None = child(Dns, default=None)
    ips: tuple[Ip, ...] = children(Ip, default=())
    dnsmasq: DnsmasqOptions | None = child(DnsmasqOptions, default=None)
