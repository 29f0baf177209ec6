"""A domain: the guest that libvirt runs. Shapes only: what is chosen is in the builder."""

from compute_agent.domain_xml.devices import Devices
from compute_agent.domain_xml.mapping import INT, ON_OFF, YES_NO, Node, attr, child, children, element, flag, text
from compute_agent.domain_xml.qemu import CommandLine, Override
from compute_agent.domain_xml.tuning import CpuTune, MemoryBacking, NumaCell, NumaTune

METADATA_NS = "https://toft.dev/xmlns/domain/1"


@element("server", namespace=METADATA_NS, prefix="toft")
class Mark(Node):
    """Our mark in a domain's metadata: whose it is, and the generation it was authored at."""

    id: str = attr()
    generation: int = attr(codec=INT)


@element("boot")
class Boot(Node):
    """A kind of device to boot from."""

    dev: str = attr()


@element("os")
class Os(Node):
    """The machine and its firmware."""

    type: str = text("type", default="hvm")
    arch: str | None = attr("type", default=None)
    machine: str | None = attr("type", default=None)
    firmware: str | None = attr(default=None)
    boots: tuple[Boot, ...] = children(Boot, default=())
    smbios: str | None = attr("smbios", "mode", default=None)


@element("entry")
class Entry(Node):
    """One line of a table of the firmware."""

    name: str = attr()
    value: str = text(default="")


@element("sysinfo")
class SysInfo(Node):
    """What the firmware tells about the machine."""

    type: str = attr(default="smbios")
    system: tuple[Entry, ...] = children(Entry, at="system", default=())


@element("topology")
class Topology(Node):
    """How CPUs are told to be arranged."""

    sockets: int = attr(codec=INT)
    dies: int | None = attr(codec=INT, default=None)
    cores: int = attr(codec=INT)
    threads: int = attr(codec=INT)


@element("feature")
class CpuFeature(Node):
    """A CPU feature that must be there, or must not."""

    policy: str | None = attr(default=None)
    name: str = attr()


@element("cpu")
class Cpu(Node):
    """The CPU that the guest sees."""

    mode: str | None = attr(default=None)
    match: str | None = attr(default=None)
    check: str | None = attr(default=None)
    migratable: bool | None = attr(codec=ON_OFF, default=None)
    model: str | None = text("model", default=None)
    fallback: str | None = attr("model", default=None)
    vendor: str | None = text("vendor", default=None)
    topology: Topology | None = child(Topology, default=None)
    features: tuple[CpuFeature, ...] = children(CpuFeature, default=())
    cells: tuple[NumaCell, ...] = children(NumaCell, at="numa", default=())


@element("hyperv")
class HyperV(Node):
    """What Windows is offered to run well as a guest."""

    mode: str | None = attr(default=None)
    relaxed: bool | None = attr("relaxed", "state", codec=ON_OFF, default=None)
    vapic: bool | None = attr("vapic", "state", codec=ON_OFF, default=None)
    spinlocks: bool | None = attr("spinlocks", "state", codec=ON_OFF, default=None)
    retries: int | None = attr("spinlocks", codec=INT, default=None)
    vpindex: bool | None = attr("vpindex", "state", codec=ON_OFF, default=None)
    runtime: bool | None = attr("runtime", "state", codec=ON_OFF, default=None)
    synic: bool | None = attr("synic", "state", codec=ON_OFF, default=None)
    stimer: bool | None = attr("stimer", "state", codec=ON_OFF, default=None)
    frequencies: bool | None = attr("frequencies", "state", codec=ON_OFF, default=None)
    tlbflush: bool | None = attr("tlbflush", "state", codec=ON_OFF, default=None)
    ipi: bool | None = attr("ipi", "state", codec=ON_OFF, default=None)


@element("features")
class Features(Node):
    """What the machine can do."""

    acpi: bool = flag("acpi", default=False)
    apic: bool = flag("apic", default=False)
    hyperv: HyperV | None = child(HyperV, default=None)
    vmport: bool | None = attr("vmport", "state", codec=ON_OFF, default=None)
    smm: bool | None = attr("smm", "state", codec=ON_OFF, default=None)


@element("timer")
class Timer(Node):
    """A clock source, and what it does with ticks that it missed."""

    name: str = attr()
    tickpolicy: str | None = attr(default=None)
    present: bool | None = attr(codec=YES_NO, default=None)


@element("clock")
class Clock(Node):
    """The guest's clock."""

    offset: str = attr(default="utc")
    timers: tuple[Timer, ...] = children(Timer, default=())


@element("domain")
class Domain(Node):
    """A guest."""

    type: str = attr()
    id: int | None = attr(codec=INT, default=None)
    name: str = text("name")
    uuid: str = text("uuid")
    mark: Mark | None = child(Mark, "metadata", default=None)
    memory: int = text("memory", codec=INT)
    memory_unit: str | None = attr("memory", "unit", default=None)
    backing: MemoryBacking | None = child(MemoryBacking, default=None)
    vcpus: int = text("vcpu", codec=INT)
    placement: str | None = attr("vcpu", default=None)
    cpuset: str | None = attr("vcpu", default=None)
    cpu_tune: CpuTune | None = child(CpuTune, default=None)
    numa_tune: NumaTune | None = child(NumaTune, default=None)
    sysinfo: SysInfo | None = child(SysInfo, default=None)
    os: Os = child(Os, default=Os())
    features: Features | None = child(Features, default=None)
    cpu: Cpu | None = child(Cpu, default=None)
    clock: Clock | None = child(Clock, default=None)
    on_poweroff: str | None = text("on_poweroff", default=None)
    on_reboot: str | None = text("on_reboot", default=None)
    on_crash: str | None = text("on_crash", default=None)
    devices: Devices = child(Devices, default=Devices())
    command_line: CommandLine | None = child(CommandLine, default=None)
    override: Override | None = child(Override, default=None)
