"""Sizes that servers come in."""

from common.model import Record


class Flavor(Record, frozen=True):
    """A size: CPUs, memory in MiB, root disk in GiB (0: as large as the image)."""

    id: str
    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    ephemeral_gib: int = 0
    swap_mib: int = 0
    rxtx_factor: float = 1.0
    is_public: bool = True
    extra_specs: dict[str, str] = {}
