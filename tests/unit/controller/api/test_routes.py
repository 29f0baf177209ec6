"""Walks the tables of routes and rules completely."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common import errors
from controller.api.policy_sample import rules
from controller.api.routes import SERVICES
from controller.db.engine import Store
from tests.services.api import Api, api

ROUTES = [(service, route) for service in SERVICES for route in service.routes]
PLACE = re.compile(r"{[^}]*}")
OPEN = {
    ("GET", "/"),
    ("GET", "/identity"),
    ("GET", "/identity/v3"),
    ("POST", "/identity/v3/auth/tokens"),
    ("GET", "/image"),
    ("GET", "/image/v2"),
    ("GET", "/compute"),
    ("GET", "/compute/v2.1"),
    ("GET", "/network"),
    ("GET", "/network/v2.0"),
    ("GET", "/healthcheck"),
    ("GET", "/toft/images/{digest}"),
}
"""All that needs no token."""


@pytest.fixture
def served(sqlite_store: Store, tmp_path: Path) -> Api:
    return api(sqlite_store, tmp_path)


def test_only_these_need_no_token() -> None:
    assert {(route.method, (service.prefix + route.path) or "/") for service, route in ROUTES if route.public} == OPEN


def test_every_other_route_wants_one(served: Api) -> None:
    answers = {
        (route.method, service.prefix + route.path): served.client.simulate_request(
            route.method, PLACE.sub("x", service.prefix + route.path), json={}
        ).status_code
        for service, route in ROUTES
        if not route.public
    }
    assert {place: status for place, status in answers.items() if status != 401} == {}


def test_no_route_takes_a_token_that_is_not_ours(served: Api) -> None:
    wrong = [
        (route.method, route.path)
        for service, route in ROUTES
        if not route.public
        and served.client.simulate_request(
            route.method, PLACE.sub("x", service.prefix + route.path), headers={"X-Auth-Token": "forged"}, json={}
        ).status_code
        != 401
    ]
    assert wrong == []


def test_rules_name_operations_that_there_are() -> None:
    there = {(route.method, PLACE.sub("{}", service.prefix + route.path)) for service, route in ROUTES}
    named = {(method, PLACE.sub("{}", path)) for rule in rules() for method, path in rule.operations}
    assert named - there == set()


def test_a_load_balancer_is_told_whether_the_database_answers(served: Api) -> None:
    healthy = served.client.simulate_get("/healthcheck")
    assert (healthy.status_code, healthy.json) == (200, {"name": "here", "database": "up"})

    @contextmanager
    def away() -> Iterator[None]:
        raise errors.DatabaseUnavailable("it is away")
        yield

    object.__setattr__(served.services.store, "read", away)
    ill = served.client.simulate_get("/healthcheck")
    assert (ill.status_code, ill.headers["retry-after"]) == (503, "2")
