"""Properties that are one field each, whatever the others say."""

from collections.abc import Callable, Mapping

from common.guest.values import arch, count, machine, one_of, yes_no
from common.guest.wish import Wish, read, refused

Table = Mapping[str, tuple[str, Callable[[str], object]]]

_WATCHDOG = one_of("disabled", "reset", "poweroff", "pause", "none")
_HYPERVISOR = one_of("kvm", "qemu")

IMAGE_PROPERTIES: Table = {
    "hw_machine_type": ("machine", machine),
    "hw_cpu_sockets": ("sockets", count),
    "hw_cpu_cores": ("cores", count),
    "hw_cpu_threads": ("threads", count),
    "hw_disk_bus": ("disk_bus", one_of("virtio", "scsi", "sata")),
    "hw_vif_model": ("vif_model", one_of("virtio", "e1000", "e1000e", "rtl8139")),
    "hw_video_model": ("video_model", one_of("virtio", "vga", "none")),
    "hw_watchdog_action": ("watchdog", _WATCHDOG),
    "hw_qemu_guest_agent": ("agent_channel", yes_no),
    "os_type": ("os_type", one_of("linux", "windows")),
    "hw_architecture": ("arch", arch),
    "architecture": ("arch", arch),
    "img_hv_type": ("hypervisor", _HYPERVISOR),
    "hypervisor_type": ("hypervisor", _HYPERVISOR),
    "hw_vm_mode": ("vm_mode", one_of("hvm")),
    "vm_mode": ("vm_mode", one_of("hvm")),
}
"""Image property -> the Guest's field and how its text is read. An image's other properties are notes of its owner."""

FLAVOR_SPECS: Table = {
    "hw:cpu_sockets": ("sockets", count),
    "hw:cpu_cores": ("cores", count),
    "hw:cpu_threads": ("threads", count),
    "hw:watchdog_action": ("watchdog", _WATCHDOG),
    "toft:policy": ("spread", lambda text: one_of("pack", "spread")(text) == "spread"),
}
"""Flavor extra spec -> likewise. The flavor wins over the image."""

ALWAYS = frozenset({"vm_mode"})
"""Fields that say what every guest is."""


def scalars(wish: Wish) -> dict[str, object]:
    """Read the fields.

    :raises BadRequest: a value is not valid, or two names of one thing say different things; names the key.
    """
    fields = _parsed("image", wish.properties, IMAGE_PROPERTIES) | _parsed("flavor", wish.specs, FLAVOR_SPECS)
    return {field: value for field, value in fields.items() if field not in ALWAYS}


def _parsed(where: str, given: Mapping[str, str], table: Table) -> dict[str, object]:
    fields: dict[str, object] = {}
    said: dict[str, str] = {}
    for key, (field, parse) in table.items():
        value = read(where, key, given.get(key), parse)
        if value is None:
            continue
        if fields.setdefault(field, value) != value:
            raise refused(
                where, key, given[key], f"contradicts {said[field]}={given[said[field]]!r}; leave one of them out"
            )
        said[field] = key
    return fields
