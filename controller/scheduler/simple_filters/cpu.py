"""CPU: as many as are promised for the physical ones."""

from common import resources
from controller.scheduler.simple_filters.amounts import enough

CPU = enough("CPU", resources.VCPU)
