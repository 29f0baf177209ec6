"""Disk: the virtual size of the guest's disks."""

from common import resources
from controller.scheduler.simple_filters.amounts import enough

DISK = enough("disk", resources.DISK_GB)
