from pathlib import Path

import pytest

from controller.db.engine import Store
from tests.services.api import Api, api


@pytest.fixture
def served(sqlite_store: Store, tmp_path: Path) -> Api:
    return api(sqlite_store, tmp_path)


def test_a_token_is_issued_and_used(served: Api) -> None:
    answer = served.call("GET", "/identity/v3/auth/projects")
    assert [project["name"] for project in answer.json["projects"]] == ["demo"]
