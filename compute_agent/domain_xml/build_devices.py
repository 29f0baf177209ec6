"""Author a guest's devices; each keeps the place that it has."""

from common.guest import Guest
from common.ids import tap_name
from common.wire import Goal, PortGoal
from compute_agent.domain_xml import devices as shapes
from compute_agent.domain_xml.defaults import DEFAULTS
from compute_agent.domain_xml.hardware import Kept, controller_role, nic_role
from compute_agent.domain_xml.host import GuestFiles, HostFacts
from compute_agent.domain_xml.slots import Slots

TARGETS = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd"}
"""Bus -> how the names of its disks begin."""

WINDOWS = "windows"
"""The ``os_type`` that needs things to be different."""


class DeviceBuilder:
    """The devices of one guest: from its goal, what the host offers, its files, and the hardware it has already."""

    def __init__(self, goal: Goal, guest: Guest, host: HostFacts, files: GuestFiles, kept: Kept, machine: str) -> None:
        self._goal = goal
        self._guest = guest
        self._host = host
        self._files = files
        self._kept = kept
        self._express = "q35" in machine
        self._slots = Slots(kept, self._express)

    def build(self) -> shapes.Devices:
        """Author them all.

        :raises HypervisorError: no PCI slot is left.
        """
        disks = self._disks()
        return shapes.Devices(
            emulator=self._host.emulator,
            controllers=self._controllers(disks),
            disks=disks,
            interfaces=tuple(self._interface(port) for port in self._goal.ports),
            serials=(shapes.Serial(log=self._files.console, append=True, target="isa-serial", port=0),),
            consoles=(shapes.Console(target="serial", port=0),),
            channels=self._channels(),
            inputs=(self._pointer(),),
            graphics=self._graphics(),
            audios=(shapes.Audio(id=1, type=DEFAULTS.audio),),
            videos=self._videos(),
            watchdogs=self._watchdogs(),
            balloon=self._balloon(),
            rngs=(self._rng(),),
            panics=(shapes.Panic(model=DEFAULTS.panic, address=self._kept.address("panic")),),
        )

    def _controllers(self, disks: tuple[shapes.Disk, ...]) -> tuple[shapes.Controller, ...]:
        """Give the board's controllers and the cards: USB, the channels' one, SCSI and SATA where a disk needs it."""
        cards = [("usb", DEFAULTS.usb), ("virtio-serial", None)]
        if any(disk.bus == "scsi" for disk in disks):
            cards.append(("scsi", DEFAULTS.scsi))
        if not self._express and any(disk.bus == "sata" for disk in disks):
            cards.append(("sata", None))
        return (*self._slots.boards(), *(self._card(kind, model) for kind, model in cards))

    def _card(self, kind: str, model: str | None) -> shapes.Controller:
        role = controller_role(shapes.Controller(type=kind, index=0))
        return shapes.Controller(type=kind, index=0, model=model, address=self._slots.place(role))

    def _disks(self) -> tuple[shapes.Disk, ...]:
        root = self._root()
        return (root,) if self._files.drive is None else (root, self._cdrom(self._files.drive, root.target))

    def _root(self) -> shapes.Disk:
        known = self._kept.device("disk:root")
        bus = known.model if known and known.model else self._guest.disk_bus or DEFAULTS.disk_bus
        return shapes.Disk(
            driver="qemu",
            format="qcow2",
            cache=DEFAULTS.disk_cache if self._host.direct_io else DEFAULTS.disk_cache_buffered,
            io=DEFAULTS.disk_io,
            discard=DEFAULTS.disk_discard,
            detect_zeroes=DEFAULTS.disk_detect_zeroes,
            file=self._files.disk,
            backing=self._backing(),
            target=known.target if known and known.target else f"{TARGETS[bus]}a",
            bus=bus,
            serial=self._goal.server,
            boot=1,
            address=self._slots.place("disk:root") if bus == "virtio" else self._kept.address("disk:root"),
        )

    def _backing(self) -> shapes.BackingStore:
        """State the whole chain, so that no header is ever probed; an empty element ends it."""
        if self._files.base is None:
            return shapes.BackingStore()
        return shapes.BackingStore(type="file", format=self._files.base_format, file=self._files.base, end=True)

    def _cdrom(self, path: str, root: str) -> shapes.Disk:
        bus = DEFAULTS.cdrom_bus if self._express else DEFAULTS.cdrom_bus_pc
        known = self._kept.device("disk:config")
        first = f"{TARGETS[bus]}a"
        return shapes.Disk(
            device="cdrom",
            driver="qemu",
            format="raw",
            file=path,
            backing=shapes.BackingStore(),
            target=known.target if known and known.target else first if first != root else f"{TARGETS[bus]}b",
            bus=bus,
            readonly=True,
            address=self._kept.address("disk:config"),
        )

    def _interface(self, port: PortGoal) -> shapes.Interface:
        role = nic_role(port.mac)
        known = self._kept.device(role)
        model = known.model if known and known.model else self._guest.vif_model or DEFAULTS.nic
        address = self._slots.place(role)
        if self._host.networks == "user":
            return shapes.Interface(type="user", mac=port.mac, model=model, address=address)
        vhost = self._host.vhost and model == "virtio"
        return shapes.Interface(
            type="network",
            mac=port.mac,
            network=f"toft-{port.network.id}",
            tap=tap_name(port.id),
            model=model,
            driver="vhost" if vhost else None,
            queues=min(self._guest.vcpus, DEFAULTS.nic_queues) if vhost else None,
            mtu=port.network.mtu,
            address=address,
        )

    def _channels(self) -> tuple[shapes.Channel, ...]:
        if not self._guest.agent_channel:
            return ()
        address = self._kept.address(f"channel:{DEFAULTS.agent_channel}")
        return (shapes.Channel(target="virtio", name=DEFAULTS.agent_channel, address=address),)

    def _pointer(self) -> shapes.Input:
        address = self._kept.address(f"input:{DEFAULTS.pointer}")
        return shapes.Input(type=DEFAULTS.pointer, bus="usb", address=address)

    def _graphics(self) -> tuple[shapes.Graphics, ...]:
        listen = self._host.vnc_listen
        screen = shapes.Graphics(
            type=DEFAULTS.graphics, port=-1, autoport=True, listen=listen, kind="address", listen_address=listen
        )
        return (screen,)

    def _videos(self) -> tuple[shapes.Video, ...]:
        ours = DEFAULTS.video_windows if self._guest.os_type == WINDOWS else DEFAULTS.video
        model = self._guest.video_model or ours
        # said aloud: libvirt adds a card of its own choice where there is a screen and no word of a card
        if model == "none":
            return (shapes.Video(model="none"),)
        return (shapes.Video(model=model, heads=1, primary=True, address=self._slots.video()),)

    def _watchdogs(self) -> tuple[shapes.Watchdog, ...]:
        action = self._guest.watchdog
        if action is None or action == "disabled":
            return ()
        return (shapes.Watchdog(model=DEFAULTS.watchdog, action=action, address=self._slots.place("watchdog")),)

    def _balloon(self) -> shapes.Balloon:
        # memory that is the guest's alone goes to nobody else, whether it is free or not
        given = bool(self._guest.locked or self._guest.page_kib)
        return shapes.Balloon(
            model=DEFAULTS.balloon,
            free_page_reporting=DEFAULTS.free_page_reporting and not given,
            stats_period=DEFAULTS.balloon_period,
            address=self._slots.place("balloon"),
        )

    def _rng(self) -> shapes.Rng:
        return shapes.Rng(
            model=DEFAULTS.rng,
            bytes=DEFAULTS.rng_bytes,
            period=DEFAULTS.rng_period,
            backend="random",
            source=DEFAULTS.rng_source,
            address=self._slots.place("rng"),
        )
