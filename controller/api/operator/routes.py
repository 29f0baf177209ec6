"""The operator's endpoints and the rules they ask, gathered from one table for each concern."""

from controller.api.operator import hosts_routes, sight_routes, what_if_routes

ROUTES = (*hosts_routes.ROUTES, *sight_routes.ROUTES, *what_if_routes.ROUTES)
RULES = (*hosts_routes.RULES, *sight_routes.RULES, *what_if_routes.RULES)
