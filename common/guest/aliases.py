"""Aliases of PCI devices: the names by which flavors ask for them, as the setting [devices] aliases gives them."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from common import errors, resources

_Hex = Annotated[str, Meta(pattern=r"^(0[xX])?[0-9a-fA-F]{1,4}$")]


class Alias(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for the devices of one vendor and product, and how near to a guest's cells they are to be."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,255}$")]
    vendor_id: _Hex
    product_id: _Hex
    numa_policy: Literal["required", "preferred", "legacy", "socket"] = "legacy"

    @property
    def device_class(self) -> str:
        """Give the class of its devices."""
        return resources.pci_class(self.vendor_id, self.product_id)


@cache
def read(text: str) -> Mapping[str, Alias]:
    """Read a JSON list of aliases, or one; empty text is none.

    :raises SettingsError: it is not that, or a name is there twice.
    """
    try:
        found = msgspec.json.decode(text or "[]", type=Alias | list[Alias])
    except msgspec.DecodeError as error:
        raise errors.SettingsError(f"[devices] aliases: {error}; write a JSON list such as {EXAMPLE}") from error
    listed = found if isinstance(found, list) else [found]
    named = {alias.name: alias for alias in listed}
    if len(named) < len(listed):
        raise errors.SettingsError("[devices] aliases: each name stands for one vendor and product; one is there twice")
    return named


EXAMPLE = '[{"name": "gpu", "vendor_id": "10de", "product_id": "1eb8", "numa_policy": "preferred"}]'
"""What the setting looks like."""
