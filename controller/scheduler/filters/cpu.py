"""CPU: as many as are promised for the physical ones."""

from common import resources
from controller.scheduler.filters.amounts import enough

CPU = enough("CPU", resources.VCPU)
