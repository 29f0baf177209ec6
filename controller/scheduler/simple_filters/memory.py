"""Memory: the guest's, and what QEMU takes beside it."""

from common import resources
from controller.scheduler.simple_filters.amounts import enough

MEMORY = enough("memory", resources.MEMORY_MB)
