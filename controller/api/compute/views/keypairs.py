"""Keypairs, as clients see them."""

from typing import Any

from common.model.keypair import Keypair


def brief(keypair: Keypair) -> dict[str, Any]:
    """Show what a list has."""
    return {"name": keypair.name, "public_key": keypair.public_key, "fingerprint": keypair.fingerprint}


def detail(keypair: Keypair) -> dict[str, Any]:
    """Show a keypair whole."""
    return brief(keypair) | {
        "user_id": keypair.user_id,
        # Nova numbers keypairs; nothing takes such a number, so it need only be a number
        "id": int(keypair.fingerprint.replace(":", "")[:7], 16),
        "created_at": keypair.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "updated_at": None,
        "deleted": False,
        "deleted_at": None,
    }


def made(keypair: Keypair) -> dict[str, Any]:
    """Show a new keypair, with its private key if it was made here."""
    private = {"private_key": keypair.private_key} if keypair.private_key else {}
    return brief(keypair) | {"user_id": keypair.user_id} | private
