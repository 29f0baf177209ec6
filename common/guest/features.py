"""What an agent may be able to do for a guest, in the names that its hello tells.

Beside these there are families: ``machine:<alias>``, ``arch:<name>``, ``virt:kvm``.
"""

CPU_PINNING = "cpu-pinning"
"""A vCPU runs on the one host CPU that it was given."""

NUMA = "numa"
"""The guest sees NUMA cells, and each one's memory is of the host cell that it was given."""

PAGES = "pages"
"""Memory in huge pages."""

LOCKED_MEMORY = "locked-memory"
"""Memory that is never swapped out."""

PCI = "pci"
"""PCI devices of the host are handed through."""

UEFI = "firmware:uefi"
"""The guest boots by UEFI."""

SECURE_BOOT = "secure-boot"
"""UEFI starts only what is signed."""

ALL = frozenset({CPU_PINNING, NUMA, PAGES, LOCKED_MEMORY, PCI, UEFI, SECURE_BOOT})

_ASKED_BY = {
    CPU_PINNING: "hw:cpu_policy",
    NUMA: "hw:numa_nodes",
    PAGES: "hw:mem_page_size",
    LOCKED_MEMORY: "hw:locked_memory",
    PCI: "pci_passthrough:alias",
    UEFI: "hw_firmware_type",
    SECURE_BOOT: "os_secure_boot",
    "machine": "hw_machine_type",
    "arch": "hw_architecture",
    "virt": "img_hv_type",
}


def asked_by(feature: str) -> str:
    """Give the key of flavor or image that asks for a feature; for a family's, the family's key."""
    return _ASKED_BY.get(feature) or _ASKED_BY[feature.partition(":")[0]]
