"""What the builder must know of the host to author a guest's XML."""

from typing import Literal

import msgspec

from common.wire import Cell


class GuestFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of one guest's files, all absolute. ``base`` is the image that the disk stands on; None: a whole disk."""

    disk: str
    console: str
    base: str | None = None
    base_format: Literal["qcow2", "raw"] = "qcow2"
    drive: str | None = None


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the host offers.

    ``machines`` maps an alias (``q35``) to its newest version; ``networks`` is ``user`` where taps are refused;
    ``direct_io`` says that the guest files' file system knows O_DIRECT. ``cells``: its NUMA cells and their CPUs.
    """

    virt_type: Literal["kvm", "qemu"]
    emulator: str
    machines: dict[str, str]
    arch: str = "x86_64"
    networks: Literal["bridge", "user"] = "bridge"
    vnc_listen: str = "127.0.0.1"
    direct_io: bool = True
    vhost: bool = False
    cells: tuple[Cell, ...] = ()
