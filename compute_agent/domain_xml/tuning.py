"""Where a guest's CPUs and memory are on the host. Shapes only."""

from compute_agent.domain_xml.mapping import INT, Node, attr, children, element, flag


@element("vcpupin")
class VcpuPin(Node):
    """The host's CPUs that one vCPU may run on."""

    vcpu: int = attr(codec=INT)
    cpuset: str = attr()


@element("cputune")
class CpuTune(Node):
    """The host's CPUs that vCPUs, and QEMU's own threads, may run on."""

    vcpus: tuple[VcpuPin, ...] = children(VcpuPin, default=())
    emulator: str | None = attr("emulatorpin", "cpuset", default=None)


@element("memnode")
class MemNode(Node):
    """The host's NUMA cells that the memory of one of the guest's is of."""

    cell: int = attr(name="cellid", codec=INT)
    mode: str = attr()
    nodeset: str = attr()


@element("numatune")
class NumaTune(Node):
    """The host's NUMA cells that memory is of."""

    mode: str | None = attr("memory", "mode", default=None)
    nodeset: str | None = attr("memory", "nodeset", default=None)
    nodes: tuple[MemNode, ...] = children(MemNode, default=())


@element("page")
class Page(Node):
    """Pages of one size; ``cells``: the guest's NUMA cells whose memory is in them."""

    size: int = attr(codec=INT)
    unit: str | None = attr(default=None)
    cells: str | None = attr(name="nodeset", default=None)


@element("memoryBacking")
class MemoryBacking(Node):
    """What the guest's memory is made of: huge pages; memory that is never merged, or never swapped out."""

    pages: tuple[Page, ...] = children(Page, at="hugepages", default=())
    unmerged: bool = flag("nosharepages", default=False)
    locked: bool = flag("locked", default=False)


@element("cell")
class NumaCell(Node):
    """A NUMA cell that the guest sees: its vCPUs and memory."""

    id: int = attr(codec=INT)
    cpus: str = attr()
    memory: int = attr(codec=INT)
    unit: str | None = attr(default=None)
