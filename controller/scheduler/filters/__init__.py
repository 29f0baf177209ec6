"""Filters, one a file: each says why a host cannot take a server. Their order is that in which hosts fall."""

from controller.scheduler.filters.contract import Filter
from controller.scheduler.filters.cpu import CPU
from controller.scheduler.filters.disk import DISK
from controller.scheduler.filters.enabled import ENABLED
from controller.scheduler.filters.features import FEATURES
from controller.scheduler.filters.memory import MEMORY
from controller.scheduler.filters.open import OPEN
from controller.scheduler.filters.up import UP

FILTERS: tuple[Filter, ...] = (ENABLED, UP, OPEN, FEATURES, CPU, MEMORY, DISK)

__all__ = ["FILTERS", "Filter"]
