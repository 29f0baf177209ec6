"""Ratios: how often CPUs, memory and disk are promised. Aggregates may say it for their hosts, else the settings."""

from collections.abc import Mapping

from msgspec.structs import replace

from common import errors, settings
from controller.db import aggregates
from controller.db.engine import Tx

ITEMS = {
    "cpu_allocation_ratio": "cpu_ratio",
    "ram_allocation_ratio": "ram_ratio",
    "disk_allocation_ratio": "disk_ratio",
}
"""Items of an aggregate's metadata, in Nova's names -> the setting in whose place they stand."""


def of_host(tx: Tx, host: str, usual: settings.Scheduler) -> settings.Scheduler:
    """Give a host's ratios; where several of its aggregates name one, the least of them."""
    named: dict[str, float] = {}
    for metadata in aggregates.metadata_of(tx, host):
        for field, ratio in _named(metadata).items():
            named[field] = min(ratio, named.get(field, ratio))
    return replace(usual, **named)


def check(metadata: Mapping[str, str | None]) -> None:
    """See that an aggregate's ratios are numbers.

    :raises BadRequest: one is not; names it.
    """
    for item in ITEMS.keys() & metadata.keys():
        text = metadata[item]
        if text is not None and not _ratio(text):
            raise errors.BadRequest(f"{item}: {text!r} is no number above 0 and up to 1000")


def differ(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Say whether the ratios do."""
    return any(before.get(item) != after.get(item) for item in ITEMS)


def _named(metadata: Mapping[str, str]) -> dict[str, float]:
    found = {field: _ratio(metadata[item]) for item, field in ITEMS.items() if item in metadata}
    return {field: ratio for field, ratio in found.items() if ratio}


def _ratio(text: str) -> float:
    """Read a ratio; 0: it is none."""
    try:
        ratio = float(text)
    except ValueError:
        return 0.0
    return ratio if 0 < ratio <= 1000 else 0.0
