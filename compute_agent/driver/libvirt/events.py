"""libvirt's events as ours. Callbacks run in the event loop's thread: they hand over what they have and ask nothing."""

from collections.abc import Callable
from typing import Any

import libvirt

from common.states import Power
from compute_agent.driver.contract import DomainEvent

Sink = Callable[[DomainEvent], None]

LOST = DomainEvent(server="", power=None, reason="connected to libvirt again", lost=True)
"""After a break: events may have been missed."""

LIFECYCLE: dict[tuple[int, int | None], tuple[Power, str]] = {
    (libvirt.VIR_DOMAIN_EVENT_STARTED, None): (Power.ON, "started"),
    (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, None): (Power.PAUSED, "paused"),
    (libvirt.VIR_DOMAIN_EVENT_RESUMED, None): (Power.ON, "resumed"),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN): (Power.OFF, "the guest powered off"),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED): (Power.CRASHED, "QEMU crashed"),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED): (Power.CRASHED, "QEMU failed"),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED): (Power.OFF, "its power was cut"),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, None): (Power.OFF, "stopped"),
    (libvirt.VIR_DOMAIN_EVENT_CRASHED, None): (Power.CRASHED, "the guest panicked"),
    (libvirt.VIR_DOMAIN_EVENT_UNDEFINED, None): (Power.GONE, "undefined"),
}
"""(event, detail or None for any other) -> the power it means, and why. What is not here changes no power."""


def lifecycle(event: int, detail: int) -> tuple[Power, str] | None:
    """Give the power that a lifecycle event means and the reason; None where it means none."""
    return LIFECYCLE.get((event, detail)) or LIFECYCLE.get((event, None))


def is_named_as_ours(domain: Any) -> bool:
    """Say whether a domain has its uuid as its name, as each of ours does; asks libvirtd nothing."""
    return bool(domain.name() == domain.UUIDString())


def register(connection: libvirt.virConnect, sink: Sink) -> None:
    """Hear of all domains' lifecycles and I/O errors."""

    def on_lifecycle(_: libvirt.virConnect, domain: Any, event: int, detail: int, opaque: object) -> None:
        meaning = lifecycle(event, detail)
        if meaning and is_named_as_ours(domain):
            sink(DomainEvent(domain.UUIDString(), *meaning))

    def on_io_error(
        _: libvirt.virConnect, domain: Any, path: str, alias: str, action: int, reason: str, opaque: object
    ) -> None:
        if is_named_as_ours(domain):
            power = Power.PAUSED if action == libvirt.VIR_DOMAIN_EVENT_IO_ERROR_PAUSE else None
            sink(DomainEvent(domain.UUIDString(), power, f"I/O error on {alias}: {reason or 'unknown'}"))

    connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_lifecycle, None)
    connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, on_io_error, None)
