"""The Image service's endpoints and the rules they ask."""

from controller.api.policy import Rule
from controller.api.route import Route

ROUTES: tuple[Route, ...] = ()
FETCH: tuple[Route, ...] = ()
RULES: tuple[Rule, ...] = ()
