"""Keypairs of the caller."""

from typing import Any

from common import errors
from controller.admission.keypairs import AddKeypair, DeleteKeypair
from controller.api import ssh_keys
from controller.api.compute.schemas import keypairs as schemas
from controller.api.compute.views import keypairs as views
from controller.api.compute.views.links import ROOT
from controller.api.http import Answer, Request, accepted, ok
from controller.api.lists import next_link, page
from controller.db import keypairs


def index(req: Request) -> Answer:
    """List the caller's keypairs."""
    req.allow("compute:keypairs:read")
    wanted = page(req, req.query(schemas.LIST), {})
    with req.read() as tx:
        found = keypairs.listing(tx, req.who.user_id, wanted)
    body: dict[str, Any] = {"keypairs": [{"keypair": views.brief(keypair)} for keypair in found.records]}
    if found.more and found.records:
        body["keypairs_links"] = next_link(req, f"{ROOT}/os-keypairs", found.records[-1].name)
    return ok(body)


def show(req: Request) -> Answer:
    """Show one of the caller's keypairs."""
    req.allow("compute:keypairs:read")
    with req.read() as tx:
        keypair = keypairs.find(tx, req.who.user_id, req.path["name"])
    if keypair is None:
        raise errors.NotFound(f"Keypair {req.path['name']} not found for user {req.who.user_id}")
    return ok({"keypair": views.detail(keypair)})


def create(req: Request) -> Answer:
    """Keep a public key, or make a pair; its private half is told once."""
    req.allow("compute:keypairs:write")
    body = req.json(schemas.CREATE)["keypair"]
    given = body.get("public_key")
    made = None if given else ssh_keys.generate()
    public = made.public if made else str(given).strip()
    change = AddKeypair(
        user_id=req.who.user_id,
        name=body["name"],
        public_key=public,
        fingerprint=ssh_keys.fingerprint(public),
        private_key=made.private if made else None,
    )
    return ok({"keypair": views.made(req.submit(change))})


def delete(req: Request) -> Answer:
    """Delete one of the caller's keypairs."""
    req.allow("compute:keypairs:write")
    req.submit(DeleteKeypair(user_id=req.who.user_id, name=req.path["name"]))
    return accepted()
