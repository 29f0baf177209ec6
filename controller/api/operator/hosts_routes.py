"""Endpoints of hosts, and the rules they ask."""

from controller.api.operator.handlers import hosts
from controller.api.policy import ADMIN, Rule
from controller.api.route import Route

ROUTES = (Route("GET", "/hosts", hosts.index),)

RULES = (Rule("operator:hosts:read", ADMIN, "See hosts as operators do.", (("GET", "/toft/v1/hosts"),)),)
