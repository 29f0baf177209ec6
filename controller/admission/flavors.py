"""Changes of flavors and their extra specs."""

from typing import Any, ClassVar

from msgspec.structs import replace

from common import errors
from common.guest import aliases, parse_guest
from common.model.flavor import Flavor
from controller.db import flavors
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

SPECS_LIMIT = 128
"""Extra specs that one flavor may have."""


class CreateFlavor(Change[Flavor], frozen=True, kw_only=True):
    """Make a flavor; without an id it is given one."""

    returns: ClassVar[Any] = Flavor

    id: str | None
    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    rxtx_factor: float
    is_public: bool

    def apply(self, tx: Tx, world: World) -> Flavor:
        """Insert it.

        :raises Conflict: its id or name is taken.
        """
        flavor = Flavor(
            id=self.id or world.ids(),
            name=self.name,
            vcpus=self.vcpus,
            ram_mib=self.ram_mib,
            disk_gib=self.disk_gib,
            rxtx_factor=self.rxtx_factor,
            is_public=self.is_public,
        )
        flavors.add(tx, flavor)
        return flavor


class DeleteFlavor(Change[None], frozen=True, kw_only=True):
    """Delete a flavor; servers keep what they were made with."""

    id: str

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: there is none.
        """
        if not flavors.remove(tx, self.id):
            raise missing(self.id)


class SetSpecs(Change[Flavor], frozen=True, kw_only=True):
    """Add extra specs to a flavor, or change those it has."""

    returns: ClassVar[Any] = Flavor

    id: str
    specs: dict[str, str]

    def apply(self, tx: Tx, world: World) -> Flavor:
        """Write them.

        :raises NotFound: there is no such flavor.
        :raises BadRequest: they ask for what Toft does not know, or contradict each other.
        """
        flavor = _locked(tx, self.id)
        specs = flavor.extra_specs | self.specs
        if len(specs) > SPECS_LIMIT:
            raise errors.BadRequest(f"a flavor may have {SPECS_LIMIT} extra specs at most")
        parse_guest(
            vcpus=flavor.vcpus,
            memory_mib=flavor.ram_mib,
            disk_gib=flavor.disk_gib,
            specs=specs,
            properties={},
            aliases=aliases.read(world.settings.devices.aliases),
        )
        return _saved(tx, replace(flavor, extra_specs=specs))


class DeleteSpec(Change[Flavor], frozen=True, kw_only=True):
    """Take one extra spec from a flavor."""

    returns: ClassVar[Any] = Flavor

    id: str
    key: str

    def apply(self, tx: Tx, world: World) -> Flavor:
        """Write the rest.

        :raises NotFound: there is no such flavor, or it has no such spec.
        """
        flavor = _locked(tx, self.id)
        if self.key not in flavor.extra_specs:
            raise errors.NotFound(f"Flavor {self.id} has no extra specs with key {self.key}.")
        return _saved(tx, replace(flavor, extra_specs={k: v for k, v in flavor.extra_specs.items() if k != self.key}))


def missing(flavor_id: str) -> errors.NotFound:
    """Say that there is no such flavor."""
    return errors.NotFound(f"Flavor {flavor_id} could not be found.")


def _locked(tx: Tx, flavor_id: str) -> Flavor:
    flavor = flavors.find(tx, flavor_id, lock=True)
    if flavor is None:
        raise missing(flavor_id)
    return flavor


def _saved(tx: Tx, flavor: Flavor) -> Flavor:
    flavors.save(tx, flavor)
    return flavor
