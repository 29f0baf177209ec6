"""Disk: the virtual size of the guest's disks."""

from common import resources
from controller.scheduler.filters.amounts import lack
from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    return lack(host, resources.DISK_GB, ask.demand.disk_gib)


DISK = Filter(Fall.DISK, _reason, "lacks disk", "lack disk")
