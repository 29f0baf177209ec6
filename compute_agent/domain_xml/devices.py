"""The devices of a domain, as libvirt writes them. Shapes only: what is chosen is in the builder."""

from compute_agent.domain_xml.mapping import INT, ON_OFF, YES_NO, Node, attr, child, children, element, flag, text


@element("address")
class Address(Node):
    """Where a device sits; which attributes there are depends on ``type``. Kept as libvirt writes them."""

    type: str = attr()
    domain: str | None = attr(default=None)
    bus: str | None = attr(default=None)
    slot: str | None = attr(default=None)
    function: str | None = attr(default=None)
    multifunction: str | None = attr(default=None)
    controller: str | None = attr(default=None)
    target: str | None = attr(default=None)
    unit: str | None = attr(default=None)
    port: str | None = attr(default=None)
    iobase: str | None = attr(default=None)
    irq: str | None = attr(default=None)


@element("controller")
class Controller(Node):
    """A bus: pci, usb, scsi, sata, ide, virtio-serial."""

    type: str = attr()
    index: int = attr(codec=INT)
    model: str | None = attr(default=None)
    card: str | None = attr("model", "name", default=None)
    chassis: int | None = attr("target", codec=INT, default=None)
    port: str | None = attr("target", default=None)
    address: Address | None = child(Address, default=None)


@element("backingStore")
class BackingStore(Node):
    """The file that a disk's file stands on; an empty one ends the chain."""

    type: str | None = attr(default=None)
    format: str | None = attr("format", "type", default=None)
    file: str | None = attr("source", default=None)
    end: bool = flag("backingStore", default=False)


@element("disk")
class Disk(Node):
    """A disk or a CD drive, kept in a file."""

    type: str = attr(default="file")
    device: str = attr(default="disk")
    driver: str | None = attr("driver", "name", default=None)
    format: str | None = attr("driver", "type", default=None)
    cache: str | None = attr("driver", default=None)
    io: str | None = attr("driver", default=None)
    discard: str | None = attr("driver", default=None)
    detect_zeroes: str | None = attr("driver", default=None)
    file: str | None = attr("source", default=None)
    backing: BackingStore | None = child(BackingStore, default=None)
    target: str = attr("target", "dev")
    bus: str | None = attr("target", default=None)
    readonly: bool = flag("readonly", default=False)
    serial: str | None = text("serial", default=None)
    boot: int | None = attr("boot", "order", codec=INT, default=None)
    alias: str | None = attr("alias", "name", default=None)
    address: Address | None = child(Address, default=None)


@element("interface")
class Interface(Node):
    """A NIC: type network, bridge or user."""

    type: str = attr()
    mac: str | None = attr("mac", "address", default=None)
    network: str | None = attr("source", default=None)
    bridge: str | None = attr("source", default=None)
    tap: str | None = attr("target", "dev", default=None)
    model: str | None = attr("model", "type", default=None)
    driver: str | None = attr("driver", "name", default=None)
    queues: int | None = attr("driver", codec=INT, default=None)
    mtu: int | None = attr("mtu", "size", codec=INT, default=None)
    alias: str | None = attr("alias", "name", default=None)
    address: Address | None = child(Address, default=None)


@element("serial")
class Serial(Node):
    """A serial port, with a file that keeps what is written to it."""

    type: str = attr(default="pty")
    log: str | None = attr("log", "file", default=None)
    append: bool | None = attr("log", codec=ON_OFF, default=None)
    target: str | None = attr("target", "type", default=None)
    port: int | None = attr("target", codec=INT, default=None)
    path: str | None = attr("source", default=None)


@element("console")
class Console(Node):
    """The console that the hypervisor names; here the first serial port again."""

    type: str = attr(default="pty")
    target: str | None = attr("target", "type", default=None)
    port: int | None = attr("target", codec=INT, default=None)


@element("channel")
class Channel(Node):
    """A named channel between host and guest."""

    type: str = attr(default="unix")
    target: str | None = attr("target", "type", default=None)
    name: str | None = attr("target", default=None)
    state: str | None = attr("target", default=None)
    path: str | None = attr("source", default=None)
    address: Address | None = child(Address, default=None)


@element("graphics")
class Graphics(Node):
    """A remote screen."""

    type: str = attr()
    port: int | None = attr(codec=INT, default=None)
    autoport: bool | None = attr(codec=YES_NO, default=None)
    listen: str | None = attr(default=None)
    kind: str | None = attr("listen", "type", default=None)
    listen_address: str | None = attr("listen", "address", default=None)


@element("audio")
class Audio(Node):
    """Where the guest's sound goes."""

    id: int = attr(codec=INT)
    type: str = attr(default="none")


@element("video")
class Video(Node):
    """A graphics card."""

    model: str | None = attr("model", "type", default=None)
    heads: int | None = attr("model", codec=INT, default=None)
    primary: bool | None = attr("model", codec=YES_NO, default=None)
    address: Address | None = child(Address, default=None)


@element("input")
class Input(Node):
    """A pointer or keyboard."""

    type: str = attr()
    bus: str | None = attr(default=None)
    address: Address | None = child(Address, default=None)


@element("rng")
class Rng(Node):
    """A source of randomness; at most ``bytes`` in ``period`` milliseconds."""

    model: str = attr()
    bytes: int | None = attr("rate", codec=INT, default=None)
    period: int | None = attr("rate", codec=INT, default=None)
    backend: str | None = attr("backend", "model", default=None)
    source: str | None = text("backend", default=None)
    address: Address | None = child(Address, default=None)


@element("memballoon")
class Balloon(Node):
    """The memory balloon, and how often (seconds) it measures."""

    model: str = attr()
    free_page_reporting: bool | None = attr(name="freePageReporting", codec=ON_OFF, default=None)
    stats_period: int | None = attr("stats", "period", codec=INT, default=None)
    address: Address | None = child(Address, default=None)


@element("panic")
class Panic(Node):
    """The device by which a guest's kernel says that it died."""

    model: str | None = attr(default=None)
    address: Address | None = child(Address, default=None)


@element("watchdog")
class Watchdog(Node):
    """A card that acts when the guest stops feeding it."""

    model: str = attr()
    action: str | None = attr(default=None)
    address: Address | None = child(Address, default=None)


@element("devices")
class Devices(Node):
    """All devices of a domain."""

    emulator: str | None = text("emulator", default=None)
    controllers: tuple[Controller, ...] = children(Controller, default=())
    disks: tuple[Disk, ...] = children(Disk, default=())
    interfaces: tuple[Interface, ...] = children(Interface, default=())
    serials: tuple[Serial, ...] = children(Serial, default=())
    consoles: tuple[Console, ...] = children(Console, default=())
    channels: tuple[Channel, ...] = children(Channel, default=())
    inputs: tuple[Input, ...] = children(Input, default=())
    graphics: tuple[Graphics, ...] = children(Graphics, default=())
    audios: tuple[Audio, ...] = children(Audio, default=())
    videos: tuple[Video, ...] = children(Video, default=())
    watchdogs: tuple[Watchdog, ...] = children(Watchdog, default=())
    balloon: Balloon | None = child(Balloon, default=None)
    rngs: tuple[Rng, ...] = children(Rng, default=())
    panics: tuple[Panic, ...] = children(Panic, default=())
