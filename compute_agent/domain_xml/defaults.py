"""What we choose for a guest when nobody asked for anything else: one table, each line with its reason.

The builder alone reads it. A property of the image or flavor (common/guest/) overrides a line where there is one.
"""

from typing import Annotated, get_args, get_type_hints

import msgspec


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """The opinions; the text beside each is why."""

    machine: Annotated[str, "PCIe and UEFI; libvirt's own default is i440fx. Stored as its newest version"] = "q35"
    cpu_kvm: Annotated[str, "libvirt's own default, qemu64, is too old for RHEL 9 and later"] = "host-model"
    cpu_tcg: Annotated[str, "host-model and host-passthrough do not exist without KVM"] = "maximum"
    sockets: Annotated[int, "Windows counts sockets, and its licences limit them"] = 1
    threads: Annotated[int, "a guest that is not pinned gains nothing from threads"] = 1

    numa_mode: Annotated[str, "memory that were elsewhere would be slow, and not where the ledger says"] = "strict"

    acpi: Annotated[bool, "without it QEMU gets -no-acpi: no graceful stop"] = True
    apic: Annotated[bool, "needed for more than one CPU"] = True
    vmport: Annotated[bool, "VMware's backdoor port, which no guest of ours needs"] = False
    clock: Annotated[str, "what every system but Windows expects"] = "utc"
    clock_windows: Annotated[str, "Windows keeps its hardware clock in local time"] = "localtime"
    rtc: Annotated[str, "missed ticks are caught up, so that the clock stays right"] = "catchup"
    pit: Annotated[str, "missed ticks are delivered late, so that none is lost"] = "delay"
    hpet: Annotated[bool, "costly to emulate, and worse than what guests use instead"] = False
    hyperv_retries: Annotated[int, "spins before Windows yields a contended lock; Microsoft's advice is 8191"] = 8191

    on_poweroff: Annotated[str, "a guest that powers off stays off"] = "destroy"
    on_reboot: Annotated[str, "a reboot inside the guest is the guest's business"] = "restart"
    on_crash: Annotated[str, "the agent decides restarts: bounded, with a reason"] = "destroy"
    panic: Annotated[str, "a panic becomes an event"] = "isa"
    watchdog: Annotated[str, "the card that guests know best; only where hw_watchdog_action asks for one"] = "i6300esb"

    root_ports: Annotated[int, "libvirt leaves one free; with these at least 8 are, for hot-plug"] = 16
    usb: Annotated[str, "a PCIe card that every guest of ours has a driver for"] = "qemu-xhci"
    scsi: Annotated[str, "the SCSI card made for guests"] = "virtio-scsi"

    disk_bus: Annotated[str, "the fastest, with a PCI address for each disk"] = "virtio"
    disk_cache: Annotated[str, "the guest's flushes are real and the host's memory is not filled twice"] = "none"
    disk_cache_buffered: Annotated[str, "tmpfs and 9p lack O_DIRECT; flushes stay real"] = "writeback"
    disk_io: Annotated[str, "native asynchronous I/O blocks on files that are not preallocated"] = "threads"
    disk_discard: Annotated[str, "what the guest frees is free on the host again"] = "unmap"
    disk_detect_zeroes: Annotated[str, "costs CPU on each write; discard does the job"] = "off"
    cdrom_bus: Annotated[str, "q35 refuses IDE"] = "sata"
    cdrom_bus_pc: Annotated[str, "what i440fx has on board"] = "ide"

    nic: Annotated[str, "the fastest that every system has a driver for"] = "virtio"
    nic_queues: Annotated[int, "most queues that a NIC gets, one for each CPU; only with vhost"] = 8

    rng: Annotated[str, "keys made at the first boot need randomness"] = "virtio"
    rng_source: Annotated[str, "never blocks, and the host's is as good as /dev/random"] = "/dev/urandom"
    rng_bytes: Annotated[int, "for each period: enough to boot, and no guest drains the host"] = 1024
    rng_period: Annotated[int, "in milliseconds"] = 1000
    balloon: Annotated[str, "shows the guest's real use of memory"] = "virtio"
    balloon_period: Annotated[int, "seconds between its figures; libvirt's implicit balloon has none"] = 10
    free_page_reporting: Annotated[bool, "memory that the guest frees goes back to the host"] = True

    video: Annotated[str, "libvirt adds none by itself, and without one there is no screen"] = "virtio"
    video_windows: Annotated[str, "Windows has no driver for virtio on its disc"] = "vga"
    graphics: Annotated[str, "what the web consoles speak; it listens on loopback only"] = "vnc"
    pointer: Annotated[str, "an absolute pointer, so that host's and guest's cursor agree"] = "tablet"
    agent_channel: Annotated[str, "the name that qemu-ga opens"] = "org.qemu.guest_agent.0"
    audio: Annotated[str, "nobody listens"] = "none"

    manufacturer: Annotated[str, "whose machine it is"] = "Toft"
    product: Annotated[str, "cloud-init looks for OpenStack's metadata only under this name, or `OpenStack Nova`"] = (
        "OpenStack Compute"
    )


DEFAULTS = Defaults()


def reasons() -> dict[str, str]:
    """Give the reason for each line of the table."""
    return {name: get_args(hint)[1] for name, hint in get_type_hints(Defaults, include_extras=True).items()}
