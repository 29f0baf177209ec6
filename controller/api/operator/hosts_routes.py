"""Endpoints of hosts, and the rules they ask."""

from controller.api.operator.handlers import enrolment, hosts
from controller.api.policy import ADMIN, Rule
from controller.api.route import Route

_HOST = "/hosts/{host}"
_SWITCHES = ("enable", "disable", "unmute", "approve", "rotate")

ROUTES = (
    Route("GET", "/hosts", hosts.index),
    Route("POST", "/hosts", enrolment.enroll),
    Route("GET", _HOST, hosts.show),
    Route("DELETE", _HOST, enrolment.remove),
    Route("POST", f"{_HOST}/enable", hosts.enable),
    Route("POST", f"{_HOST}/disable", hosts.disable),
    Route("POST", f"{_HOST}/unmute", hosts.unmute),
    Route("POST", f"{_HOST}/approve", hosts.approve),
    Route("POST", f"{_HOST}/rotate", enrolment.rotate),
    Route("GET", "/quarantine", hosts.strangers),
)

_ALL, _ONE = "/toft/v1/hosts", f"/toft/v1{_HOST}"
RULES = (
    Rule(
        "operator:hosts:read",
        ADMIN,
        "See hosts as operators do, and the domains on them that are none of ours.",
        (("GET", _ALL), ("GET", _ONE), ("GET", "/toft/v1/quarantine")),
    ),
    Rule(
        "operator:hosts:write",
        ADMIN,
        "Enroll, switch and remove hosts, and give them new keys.",
        (("POST", _ALL), ("DELETE", _ONE), *(("POST", f"{_ONE}/{switch}") for switch in _SWITCHES)),
    ),
)
