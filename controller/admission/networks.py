"""Changes of networks."""

from typing import Any, ClassVar

from common import errors
from common.model import Record
from common.model.network import Network
from controller.db import networks, ports, quotas, subnets
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change


class NetworkSpec(Record, frozen=True):
    """A network to be made. ``mtu`` in bytes."""

    project_id: str
    name: str = ""
    description: str = ""
    mtu: int = 1500
    shared: bool = False
    admin_state_up: bool = True


class CreateNetworks(Change[list[Network]], frozen=True, kw_only=True):
    """Make networks: all or none."""

    returns: ClassVar[Any] = list[Network]

    specs: tuple[NetworkSpec, ...]

    def apply(self, tx: Tx, world: World) -> list[Network]:
        """Insert them.

        :raises QuotaExceeded: a project would have too many.
        """
        now, made = world.clock.now(), []
        for spec in self.specs:
            quotas.count(tx, world.settings.quota, spec.project_id, {"networks": 1})
            network = Network(
                id=world.ids(),
                project_id=spec.project_id,
                name=spec.name,
                description=spec.description,
                mtu=spec.mtu,
                shared=spec.shared,
                admin_state_up=spec.admin_state_up,
                created_at=now,
                updated_at=now,
            )
            networks.add(tx, network)
            made.append(network)
        return made


class DeleteNetwork(Change[None], frozen=True, kw_only=True):
    """Delete a network with its subnet. ``project_id`` None: whosever it is."""

    id: str
    project_id: str | None

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: the project has none such.
        :raises Conflict: it has ports.
        """
        network = owned_network(tx, self.id, self.project_id)
        in_use = ports.of_network(tx, self.id)
        if in_use:
            raise errors.Conflict(
                f"network {self.id} has {len(in_use)} ports; delete {in_use[0].id} and the like first"
            )
        for subnet in subnets.of_networks(tx, [self.id], lock=True).values():
            subnets.remove(tx, subnet.id)
        networks.remove(tx, self.id)
        quotas.free(tx, network.project_id, {"networks": 1})


def owned_network(tx: Tx, network_id: str, project_id: str | None) -> Network:
    """Lock a network that the project may change; None: any.

    :raises NotFound: the project cannot even see it.
    :raises Forbidden: it is shared, but another's.
    """
    network = networks.find(tx, network_id, project_id, lock=True)
    if network is None:
        raise errors.NotFound(f"Network {network_id} could not be found.")
    if project_id not in (None, network.project_id):
        raise errors.Forbidden(f"network {network_id} is shared, but belongs to another project")
    return network
