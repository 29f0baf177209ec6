"""The Guest: the hardware asked for, whole and without contradictions."""

import msgspec

from common.guest import features


class GuestCell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A NUMA cell of a guest: which vCPUs are in it, and its memory in MiB."""

    vcpus: tuple[int, ...]
    memory_mib: int


class GuestDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many of the host's devices of a class. ``near``: required, legacy, socket or preferred, as to its cells."""

    device_class: str
    count: int = 1
    near: str = "legacy"


class Guest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The hardware asked for. Memory in MiB, disk in GiB; None means the builder's default.

    ``cpu_policy``: shared, dedicated or mixed; ``dedicated``: the vCPUs that have a host CPU of their own;
    ``threads_policy``: prefer, isolate or require. ``cells``: every vCPU is in one of them; empty: the host may put its
    CPUs and memory where it likes. ``page_kib``: size of its memory's pages, 0: the host's ordinary ones. ``locked``:
    its memory never leaves the host's. ``resources``: further amounts by class. ``traits`` its host must have,
    ``forbidden`` it must not. ``aggregates``: what the metadata of its host's aggregates is to say, as (key, word).
    ``spread``: whether hosts are to be filled evenly; None: as the settings say.
    """

    vcpus: int
    memory_mib: int
    disk_gib: int
    machine: str | None = None
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    disk_bus: str | None = None
    vif_model: str | None = None
    video_model: str | None = None
    watchdog: str | None = None
    os_type: str | None = None
    agent_channel: bool = True
    arch: str | None = None
    hypervisor: str | None = None
    firmware: str | None = None
    secure_boot: bool = False
    cpu_policy: str = "shared"
    dedicated: tuple[int, ...] = ()
    threads_policy: str = "prefer"
    cells: tuple[GuestCell, ...] = ()
    page_kib: int = 0
    locked: bool = False
    devices: tuple[GuestDevice, ...] = ()
    resources: tuple[tuple[str, int], ...] = ()
    traits: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    aggregates: tuple[tuple[str, str], ...] = ()
    spread: bool | None = None

    @property
    def features(self) -> frozenset[str]:
        """Give what its host must be able to do, in the names of a hello's features (``common.guest.features``).

        Of machines hosts tell the aliases only: a versioned one is judged when it is defined.
        """
        asked = {
            f"machine:{self.machine}": self.machine and "-" not in self.machine,
            f"arch:{self.arch}": self.arch,
            f"virt:{self.hypervisor}": self.hypervisor == "kvm",  # who runs QEMU's guests runs those without KVM, too
            features.UEFI: self.firmware == "uefi",
            features.SECURE_BOOT: self.secure_boot,
            features.CPU_PINNING: self.dedicated,
            features.NUMA: self.cells,
            features.PAGES: self.page_kib,
            features.LOCKED_MEMORY: self.locked,
            features.PCI: self.devices,
        }
        return frozenset(name for name, wanted in asked.items() if wanted)
