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
