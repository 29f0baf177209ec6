"""Filters, one a file: each says why a host cannot take a server. Their order is that in which hosts fall."""

from controller.scheduler.simple_filters.contract import Filter
from controller.scheduler.simple_filters.cpu import CPU
from controller.scheduler.simple_filters.disk import DISK
from controller.scheduler.simple_filters.enabled import ENABLED
from controller.scheduler.simple_filters.features import FEATURES
from controller.scheduler.simple_filters.memory import MEMORY
from controller.scheduler.simple_filters.open import OPEN
from controller.scheduler.simple_filters.up import UP

FILTERS: tuple[Filter, ...] = (ENABLED, UP, OPEN, FEATURES, CPU, MEMORY, DISK)

__all__ = ["FILTERS", "Filter"]
