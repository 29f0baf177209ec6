"""What libvirt has no word for and hands to QEMU as it is. Shapes only."""

from compute_agent.domain_xml.mapping import Node, attr, child, children, element

QEMU_NS = "http://libvirt.org/schemas/domain/qemu/1.0"
"""libvirt heeds these elements only by this name."""


@element("arg", namespace=QEMU_NS, prefix="qemu")
class Arg(Node):
    """One more word of QEMU's command line."""

    value: str = attr()


@element("commandline", namespace=QEMU_NS, prefix="qemu")
class CommandLine(Node):
    """Words added to QEMU's command line."""

    args: tuple[Arg, ...] = children(Arg, default=())


@element("property", namespace=QEMU_NS, prefix="qemu")
class Property(Node):
    """A property of a device, set to another value than libvirt's."""

    name: str = attr()
    type: str = attr(default="string")
    value: str = attr()


@element("frontend", namespace=QEMU_NS, prefix="qemu")
class Frontend(Node):
    """The side of a device that the guest sees."""

    properties: tuple[Property, ...] = children(Property, default=())


@element("device", namespace=QEMU_NS, prefix="qemu")
class Device(Node):
    """A device, by the alias that libvirt gives it."""

    alias: str = attr()
    frontend: Frontend = child(Frontend)


@element("override", namespace=QEMU_NS, prefix="qemu")
class Override(Node):
    """Devices whose properties are set anew."""

    devices: tuple[Device, ...] = children(Device, default=())
