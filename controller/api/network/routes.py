"""Network's endpoints and the rules they ask."""

from controller.api.network.handlers import networks, ports, subnets
from controller.api.policy import ADMIN, MEMBER, READER, Rule
from controller.api.route import Route

ROUTES = (
    Route("GET", "/v2.0/networks", networks.index),
    Route("POST", "/v2.0/networks", networks.create),
    Route("GET", "/v2.0/networks/{network_id}", networks.show),
    Route("DELETE", "/v2.0/networks/{network_id}", networks.delete),
    Route("GET", "/v2.0/subnets", subnets.index),
    Route("POST", "/v2.0/subnets", subnets.create),
    Route("GET", "/v2.0/subnets/{subnet_id}", subnets.show),
    Route("DELETE", "/v2.0/subnets/{subnet_id}", subnets.delete),
    Route("GET", "/v2.0/ports", ports.index),
    Route("POST", "/v2.0/ports", ports.create),
    Route("GET", "/v2.0/ports/{port_id}", ports.show),
    Route("DELETE", "/v2.0/ports/{port_id}", ports.delete),
)


def _pair(noun: str) -> tuple[Rule, Rule]:
    path = f"/network/v2.0/{noun}"
    return (
        Rule(f"network:{noun}:read", READER, f"List and show {noun}.", (("GET", path),)),
        Rule(
            f"network:{noun}:write",
            MEMBER,
            f"Create and delete {noun}.",
            (("POST", path), ("DELETE", f"{path}/{{id}}")),
        ),
    )


RULES = (
    Rule(
        "network:everyone",
        ADMIN,
        "See and touch networks, subnets and ports of all projects, and make them for others.",
    ),
    Rule(
        "network:networks:share",
        ADMIN,
        "Make networks that all projects may use.",
        (("POST", "/network/v2.0/networks"),),
    ),
    Rule("network:ports:binding", ADMIN, "See on which host a port is.", (("GET", "/network/v2.0/ports"),)),
    *_pair("networks"),
    *_pair("subnets"),
    *_pair("ports"),
)
