"""Links, as Compute writes them."""

from controller.api.http import Request

ROOT = "/compute/v2.1"


def links(req: Request, kind: str, identity: str) -> list[dict[str, str]]:
    """Give the links of a thing: with the version in the path, and without."""
    return [
        {"rel": "self", "href": req.url(f"{ROOT}/{kind}/{identity}")},
        {"rel": "bookmark", "href": req.url(f"/compute/{kind}/{identity}")},
    ]
