"""How flavor and image properties are read."""

from collections.abc import Callable, Mapping

import msgspec

from common import errors
from common.guest.guest import Guest


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise ValueError("must be a whole number from 1 to 256")
    return int(text)


def _yes_no(text: str) -> bool:
    return {"yes": True, "true": True, "no": False, "false": False}[_one_of("yes", "true", "no", "false")(text.lower())]


def _machine(text: str) -> str:
    if text not in ("q35", "pc") and not text.startswith(("pc-q35-", "pc-i440fx-")):
        raise ValueError("must be q35, pc, or a versioned pc-q35-N or pc-i440fx-N")
    return text


IMAGE_PROPERTIES: dict[str, tuple[str, Callable[[str], object]]] = {
    "hw_machine_type": ("machine", _machine),
    "hw_cpu_sockets": ("sockets", _count),
    "hw_cpu_cores": ("cores", _count),
    "hw_cpu_threads": ("threads", _count),
    "hw_disk_bus": ("disk_bus", _one_of("virtio", "scsi", "sata")),
    "hw_vif_model": ("vif_model", _one_of("virtio", "e1000", "e1000e", "rtl8139")),
    "hw_video_model": ("video_model", _one_of("virtio", "vga", "none")),
    "hw_watchdog_action": ("watchdog", _one_of("disabled", "reset", "poweroff", "pause", "none")),
    "hw_qemu_guest_agent": ("agent_channel", _yes_no),
    "os_type": ("os_type", _one_of("linux", "windows")),
}
"""Image property -> the Guest's field and how its text is read. An image's other properties are notes of its owner."""

FLAVOR_SPECS: dict[str, tuple[str, Callable[[str], object]]] = {
    "hw:cpu_sockets": ("sockets", _count),
    "hw:cpu_cores": ("cores", _count),
    "hw:cpu_threads": ("threads", _count),
    "hw:watchdog_action": ("watchdog", _one_of("disabled", "reset", "poweroff", "pause", "none")),
}
"""Flavor extra spec -> likewise. The flavor wins over the image."""

RESERVED = ("hw_", "hw:", "os_", "resources:", "trait:", "quota:", "pci_passthrough:")
"""Prefixes that ask for something: with one of these an unknown name is refused."""

NOTES = frozenset({"os_distro", "os_version", "os_admin_user"})
"""Image properties below a reserved prefix that only describe."""


def _parsed(
    properties: Mapping[str, str], table: Mapping[str, tuple[str, Callable[[str], object]]], where: str
) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, text in properties.items():
        if key in table:
            field, parse = table[key]
            try:
                fields[field] = parse(text)
            except ValueError as error:
                raise errors.BadRequest(f"{where} property {key}={text!r}: {error}") from error
        elif key.startswith(RESERVED) and key not in NOTES:
            raise errors.BadRequest(f"{where} property {key} is not supported; known are: {', '.join(sorted(table))}")
    return fields


def parse_guest(
    *, vcpus: int, memory_mib: int, disk_gib: int, specs: Mapping[str, str], properties: Mapping[str, str]
) -> Guest:
    """Make a Guest of a flavor's sizes, its extra specs and an image's properties.

    :raises BadRequest: a value is not valid, a name is not known, or two contradict each other; names the property.
    """
    fields = _parsed(properties, IMAGE_PROPERTIES, "image") | _parsed(specs, FLAVOR_SPECS, "flavor")
    base = {"vcpus": vcpus, "memory_mib": memory_mib, "disk_gib": disk_gib}
    guest = msgspec.convert(base | fields, Guest)
    asked = [n for n in (guest.sockets, guest.cores, guest.threads) if n]
    product = (guest.sockets or 1) * (guest.cores or 1) * (guest.threads or 1)
    if asked and (vcpus % product or (len(asked) == 3 and product != vcpus)):
        raise errors.BadRequest(
            f"CPU topology {guest.sockets or '*'} sockets x {guest.cores or '*'} cores x {guest.threads or '*'} "
            f"threads does not make {vcpus} vcpus; change hw:cpu_sockets, hw:cpu_cores or hw:cpu_threads"
        )
    return guest
