"""Filters of the lists of projects and users."""

from typing import Any

import pytest

from common.model.identity import Project
from controller.api.identity.lists import matching

OPEN, CLOSED = Project(id="a", name="open"), Project(id="b", name="closed", enabled=False)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({}, [OPEN, CLOSED]),
        ({"name": "another"}, [OPEN, CLOSED]),  # the database has looked at names
        ({"enabled": True}, [OPEN]),
        ({"enabled": False}, [CLOSED]),
        ({"domain_id": "default"}, [OPEN, CLOSED]),
        ({"domain_id": "another"}, []),
        ({"domain_id": "default", "enabled": False}, [CLOSED]),
    ],
)
def test_only_what_the_query_asks_for_is_kept(query: dict[str, Any], kept: list[Project]) -> None:
    assert matching(query, [OPEN, CLOSED]) == kept
