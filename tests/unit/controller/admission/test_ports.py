from pathlib import Path

import pytest

from controller.db.engine import Store
from tests.services.api import api
from tests.services.compute import Compute, compute


@pytest.fixture
def cloud(sqlite_store: Store, tmp_path: Path) -> Compute:
    return compute(api(sqlite_store, tmp_path))


def with_port(cloud: Compute) -> tuple[str, str]:
    """A server and the port that it was given."""
    body = {"port": {"network_id": cloud.network}}
    port = cloud.call("POST", "/network/v2.0/ports", body).json["port"]["id"]
    return cloud.create(networks=[{"port": port}])["server"]["id"], port


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": "ACTIVE", "task": None}, 409),
        ({"state": "ACTIVE", "task": "powering-off"}, 409),
        ({"state": "SHUTOFF", "task": "powering-on"}, 409),
        ({"state": "SHUTOFF", "task": None}, 204),
    ],
)
def test_a_port_goes_only_from_a_server_that_is_off(cloud: Compute, fields: dict[str, str], status: int) -> None:
    server, port = with_port(cloud)
    cloud.settle(server, **fields)
    answer = cloud.call("DELETE", f"/network/v2.0/ports/{port}")
    assert answer.status_code == status, answer.text
    assert cloud.call("GET", f"/network/v2.0/ports/{port}").status_code == (404 if status == 204 else 200)
