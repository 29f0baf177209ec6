"""Endpoints for seeing what goes on, and the rules they ask."""

from controller.api.policy import Rule
from controller.api.route import Route

ROUTES: tuple[Route, ...] = ()
RULES: tuple[Rule, ...] = ()
