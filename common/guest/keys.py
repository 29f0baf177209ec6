"""Which properties are known. One that asks for something and is not known is refused by name."""

import difflib
import re
from collections.abc import Iterable

from common import errors
from common.guest import aggregates, amounts, cells, cpus, devices, firmware, memory, traits
from common.guest.scalars import FLAVOR_SPECS, IMAGE_PROPERTIES

RESERVED = (
    *("hw_", "hw:", "os_", "os:", "img_", "trait:", "resources:", "quota:", "pci_passthrough:", "accel:"),
    *("capabilities:", "aggregate_instance_extra_specs:", "toft:"),
)
"""Prefixes that ask for something: with one of these an unknown name is refused."""

NOTES = frozenset(
    {
        *("os_distro", "os_version", "os_admin_user", "img_config_drive"),
        *("img_signature", "img_signature_hash_method", "img_signature_key_type"),
        "img_signature_certificate_uuid",
    }
)
"""Image properties below a reserved prefix that only describe, or ask for what every server has."""

_TOPICS = (cpus, memory, cells, devices, firmware)
FLAVOR_KEYS = frozenset({*FLAVOR_SPECS, *(key for topic in _TOPICS for key in topic.FLAVOR_KEYS)})
IMAGE_KEYS = frozenset({*IMAGE_PROPERTIES, *(key for topic in _TOPICS for key in topic.IMAGE_KEYS)})

_GROUPED = re.compile(r"(?:resources|trait)[A-Za-z0-9_-]+:|group_policy$|trait_group_policy$")
"""Placement's numbered groups of resources: Toft has NUMA cells and devices in their place."""

_FLAVOR_PREFIXES = (traits.PREFIX, amounts.PREFIX, aggregates.PREFIX)


def check(specs: Iterable[str], properties: Iterable[str]) -> None:
    """See that each name that asks for something is known.

    :raises BadRequest: one is not; names it, and the known ones nearest to it.
    """
    for key in specs:
        asks = _asks(key)
        if asks and not (key in FLAVOR_KEYS or key.startswith(_FLAVOR_PREFIXES) or cells.FLAVOR_PATTERN.fullmatch(key)):
            raise _unknown("flavor", key, FLAVOR_KEYS)
    for key in properties:
        asks = _asks(key) and key not in NOTES
        if asks and not (key in IMAGE_KEYS or key.startswith(traits.PREFIX) or cells.IMAGE_PATTERN.fullmatch(key)):
            raise _unknown("image", key, IMAGE_KEYS)


def _asks(key: str) -> bool:
    return key.startswith(RESERVED) or _GROUPED.match(key) is not None


def _unknown(where: str, key: str, known: Iterable[str]) -> errors.BadRequest:
    near = difflib.get_close_matches(key, known, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return errors.BadRequest(f"{where} property {key} is not supported; {hint}known are: {', '.join(sorted(known))}")
