"""Changes of keypairs."""

from typing import Any, ClassVar

from common import errors
from common.model.keypair import Keypair
from controller.db import keypairs, quotas
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change


class AddKeypair(Change[Keypair], frozen=True, kw_only=True):
    """Keep a user's public key. A private key that was made for it goes into the answer and nowhere else."""

    returns: ClassVar[Any] = Keypair

    user_id: str
    name: str
    public_key: str
    fingerprint: str
    private_key: str | None = None

    def apply(self, tx: Tx, world: World) -> Keypair:
        """Insert it.

        :raises Conflict: the user has one of that name.
        :raises QuotaExceeded: the user has as many as allowed.
        """
        if keypairs.find(tx, self.user_id, self.name):
            raise errors.Conflict(f"Key pair '{self.name}' already exists.")
        quotas.count(tx, world.settings.quota, self.user_id, {"keypairs": 1})
        keypair = Keypair(
            user_id=self.user_id,
            name=self.name,
            public_key=self.public_key,
            fingerprint=self.fingerprint,
            created_at=world.clock.now(),
            private_key=self.private_key,
        )
        keypairs.add(tx, keypair)
        return keypair


class DeleteKeypair(Change[None], frozen=True, kw_only=True):
    """Delete a keypair; servers keep the public key they were made with."""

    user_id: str
    name: str

    def apply(self, tx: Tx, world: World) -> None:
        """Delete it.

        :raises NotFound: the user has none of that name.
        """
        if not keypairs.remove(tx, self.user_id, self.name):
            raise errors.NotFound(f"Keypair {self.name} not found for user {self.user_id}")
        quotas.free(tx, self.user_id, {"keypairs": 1})
