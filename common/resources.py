"""Names of what is counted, claimed and limited: OpenStack's standard resource classes."""

import os_resource_classes as orc

VCPU: str = orc.VCPU
PCPU: str = orc.PCPU
MEMORY_MB: str = orc.MEMORY_MB
DISK_GB: str = orc.DISK_GB

CLAIMED = (VCPU, MEMORY_MB, DISK_GB)
"""What every server claims on its host, in the order in which filters look at it."""

UNITS = {VCPU: "CPUs", PCPU: "CPUs", MEMORY_MB: "MiB", DISK_GB: "GiB"}
"""The unit of each class, as messages write it."""


def pages(kib: int) -> str:
    """Give the class of a cell's memory pages of a size."""
    return f"PAGES_{kib}K"


def page_kib(name: str) -> int:
    """Give the size of the pages of such a class; 0: it is not one."""
    size = name.removeprefix("PAGES_").removesuffix("K")
    return int(size) if name.startswith("PAGES_") and size.isdigit() else 0


def pci_class(vendor: str, product: str) -> str:
    """Give the class of a PCI device, as aliases and hosts name it alike: ``pci:8086:1521``. Both in hex."""
    return f"pci:{_hex(vendor)}:{_hex(product)}"


def _hex(number: str) -> str:
    return number.lower().removeprefix("0x").rjust(4, "0")
