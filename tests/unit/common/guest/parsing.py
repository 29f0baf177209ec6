"""What the tests of properties share: a guest of specs and properties, and a refusal that says what is wrong."""

import re
from collections.abc import Mapping

import pytest

from common import errors
from common.guest import Guest, parse_guest
from common.guest.aliases import Alias

GPU = Alias("gpu", "0x10DE", "1eb8", "preferred")
NIC = Alias("nic", "8086", "1521")
ALIASES = {alias.name: alias for alias in (GPU, NIC)}


def parsed(
    specs: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    vcpus: int = 4,
    memory_mib: int = 512,
) -> Guest:
    return parse_guest(
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_gib=1,
        specs=specs or {},
        properties=properties or {},
        aliases=ALIASES,
    )


def refusal(
    says: str, specs: Mapping[str, str], properties: Mapping[str, str] | None = None, vcpus: int = 4, mib: int = 512
) -> None:
    """See that it is refused in words that have ``says`` in them."""
    with pytest.raises(errors.BadRequest, match=re.escape(says)):
        parsed(specs, properties, vcpus, mib)
