"""What a host can do, read from libvirt's capabilities and domain capabilities."""

from compute_agent.domain_xml.mapping import INT, YES_NO, Node, attr, child, children, element, text


@element("topology")
class CpuTopology(Node):
    """The host's CPU, in parts."""

    sockets: int | None = attr(codec=INT, default=None)
    dies: int | None = attr(codec=INT, default=None)
    cores: int | None = attr(codec=INT, default=None)
    threads: int | None = attr(codec=INT, default=None)


@element("feature")
class CpuFeature(Node):
    """A feature of the host's CPU."""

    name: str = attr()


@element("pages")
class Pages(Node):
    """Memory pages of one size (KiB)."""

    size: int = attr(codec=INT)
    count: int = text(codec=INT, default=0)


@element("cpu")
class CellCpu(Node):
    """A CPU of a cell: its socket, and the list of the hardware threads of its core; one that is off has neither."""

    id: int = attr(codec=INT)
    socket: int | None = attr(name="socket_id", codec=INT, default=None)
    siblings: str | None = attr(default=None)


@element("cell")
class Cell(Node):
    """A NUMA cell; memory in KiB."""

    id: int = attr(codec=INT)
    memory: int = text("memory", codec=INT, default=0)
    pages: tuple[Pages, ...] = children(Pages, default=())
    cpus: tuple[CellCpu, ...] = children(CellCpu, at="cpus", default=())


@element("host")
class Host(Node):
    """The host itself."""

    uuid: str | None = text("uuid", default=None)
    arch: str | None = text("cpu/arch", default=None)
    cpu_model: str | None = text("cpu/model", default=None)
    cpu_vendor: str | None = text("cpu/vendor", default=None)
    topology: CpuTopology | None = child(CpuTopology, "cpu", default=None)
    features: tuple[CpuFeature, ...] = children(CpuFeature, at="cpu", default=())
    cells: tuple[Cell, ...] = children(Cell, at="topology/cells", default=())


@element("machine")
class Machine(Node):
    """A machine type; ``canonical`` is the versioned one that an alias stands for now."""

    name: str = text(default="")
    canonical: str | None = attr(default=None)


@element("domain")
class DomainType(Node):
    """A way of running guests: kvm, qemu…"""

    type: str = attr()


@element("arch")
class Arch(Node):
    """An architecture that guests may have."""

    name: str = attr()
    emulator: str | None = text("emulator", default=None)
    machines: tuple[Machine, ...] = children(Machine, default=())
    domains: tuple[DomainType, ...] = children(DomainType, default=())


@element("guest")
class Guest(Node):
    """A kind of guest."""

    os_type: str | None = text("os_type", default=None)
    arch: Arch | None = child(Arch, default=None)


@element("capabilities")
class Capabilities(Node):
    """What ``virsh capabilities`` shows."""

    host: Host | None = child(Host, default=None)
    guests: tuple[Guest, ...] = children(Guest, default=())

    def arch(self, name: str) -> Arch | None:
        """Find what the host offers to guests of an architecture, ``x86_64``; None if nothing."""
        found = (guest.arch for guest in self.guests if guest.os_type == "hvm" and guest.arch)
        return next((arch for arch in found if arch.name == name), None)

    def machines(self, name: str) -> dict[str, str]:
        """Give, for an architecture, each machine alias (``q35``) and the newest version that it stands for."""
        arch = self.arch(name)
        return {machine.name: machine.canonical for machine in arch.machines if machine.canonical} if arch else {}


@element("mode")
class CpuMode(Node):
    """A way of choosing the guest's CPU, and the model that it leads to."""

    name: str = attr()
    supported: bool = attr(codec=YES_NO, default=False)
    model: str | None = text("model", default=None)
    vendor: str | None = text("vendor", default=None)
    features: tuple[CpuFeature, ...] = children(CpuFeature, default=())


@element("domainCapabilities")
class DomainCapabilities(Node):
    """What ``virsh domcapabilities`` shows for one emulator and machine."""

    path: str | None = text("path", default=None)
    type: str | None = text("domain", default=None)
    machine: str | None = text("machine", default=None)
    arch: str | None = text("arch", default=None)
    max_vcpus: int | None = attr("vcpu", "max", codec=INT, default=None)
    cpu_modes: tuple[CpuMode, ...] = children(CpuMode, at="cpu", default=())

    def supports_cpu(self, mode: str) -> bool:
        """Say whether a guest's CPU can be chosen this way: ``host-model``, ``maximum``…"""
        return any(found.name == mode and found.supported for found in self.cpu_modes)
