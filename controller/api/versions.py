"""Version documents: what a client reads before it logs in."""

from typing import Any

from common import errors
from controller.api.http import Answer, Request, ok
from controller.api.route import Route

UPDATED = "2026-11-01T00:00:00Z"
IMAGE_VERSIONS = ("2.5", "2.4", "2.3", "2.2", "2.1", "2.0")


def _links(req: Request, path: str) -> list[dict[str, str]]:
    return [{"rel": "self", "href": req.url(path)}]


def _identity(req: Request) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": UPDATED,
        "links": _links(req, "/identity/v3/"),
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


def _compute(req: Request) -> dict[str, Any]:
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": "2.1",
        "min_version": "2.1",
        "updated": UPDATED,
        "links": _links(req, "/compute/v2.1/"),
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}],
    }


def _network(req: Request) -> dict[str, Any]:
    return {"id": "v2.0", "status": "CURRENT", "links": _links(req, "/network/v2.0/")}


def _image(req: Request) -> list[dict[str, Any]]:
    return [
        {
            "id": f"v{version}",
            "status": "CURRENT" if version == IMAGE_VERSIONS[0] else "SUPPORTED",
            "links": _links(req, "/image/v2/"),
        }
        for version in IMAGE_VERSIONS
    ]


def root(req: Request) -> Answer:
    """Say what is served here."""
    places = {name: req.url(f"/{name}") for name in ("identity", "image", "compute", "network")}
    return ok({"name": "toft", "services": places})


def identity_versions(req: Request) -> Answer:
    """List Identity's versions, in its own form."""
    return Answer(300, {"versions": {"values": [_identity(req)]}})


def identity_version(req: Request) -> Answer:
    """Show Identity's version."""
    return ok({"version": _identity(req)})


def image_versions(req: Request) -> Answer:
    """List the Image service's versions, with 300 as it does."""
    return Answer(300, {"versions": _image(req)})


def image_versions_below(req: Request) -> Answer:
    """List them again, for clients that ask below v2."""
    return ok({"versions": _image(req)})


def compute_versions(req: Request) -> Answer:
    """List Compute's versions."""
    return ok({"versions": [_compute(req)]})


def compute_version(req: Request) -> Answer:
    """Show Compute's version, with the span of its microversions."""
    return ok({"version": _compute(req)})


def network_versions(req: Request) -> Answer:
    """List Network's versions."""
    return ok({"versions": [_network(req)]})


def network_version(req: Request) -> Answer:
    """List Network's resources below v2.0."""
    nouns = ("network", "subnet", "port")
    listed = [
        {"name": noun, "collection": f"{noun}s", "links": _links(req, f"/network/v2.0/{noun}s")} for noun in nouns
    ]
    return ok({"resources": listed})


def extensions(req: Request) -> Answer:
    """List Network's extensions: none."""
    return ok({"extensions": []})


def extension(req: Request) -> Answer:
    """Show an extension.

    :raises NotFound: always.
    """
    raise errors.NotFound(f"there is no extension {req.path['alias']}")


ROOT = (Route("GET", "", root, public=True),)
IDENTITY = (
    Route("GET", "", identity_versions, public=True),
    Route("GET", "/v3", identity_version, public=True),
)
IMAGE = (
    Route("GET", "", image_versions, public=True),
    Route("GET", "/v2", image_versions_below, public=True),
)
COMPUTE = (
    Route("GET", "", compute_versions, public=True),
    Route("GET", "/v2.1", compute_version, public=True),
)
NETWORK = (
    Route("GET", "", network_versions, public=True),
    Route("GET", "/v2.0", network_version, public=True),
    Route("GET", "/v2.0/extensions", extensions),
    Route("GET", "/v2.0/extensions/{alias}", extension),
)
