"""Endpoints for seeing what goes on, and the rules they ask."""

from controller.api.operator.handlers import overview
from controller.api.policy import ADMIN, Rule
from controller.api.route import Route

ROUTES: tuple[Route, ...] = (Route("GET", "/overview", overview.show),)
RULES: tuple[Rule, ...] = (
    Rule("operator:overview", ADMIN, "See queues, workflows, hosts and controllers.", (("GET", "/toft/v1/overview"),)),
)
