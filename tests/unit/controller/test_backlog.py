"""While the broker is away, servers can be asked for until enough commands wait."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from common import errors, settings
from controller.backlog import Backlog
from controller.db import outbox
from controller.db.engine import Store
from tests.services.api import api
from tests.services.compute import compute


def wait(store: Store, host: str, count: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        outbox.Entry(id=f"o{n}", host_id=host, verb="lease", body="{}", created_at=now, retry_at=now, expires_in=1.0)
        for n in range(count)
    ]
    with store.tx() as tx:
        outbox.add(tx, rows)


def test_it_counts_no_further_than_it_must(store: Store) -> None:
    backlog = Backlog(store, limit=3)
    wait(store, "h", 3)
    backlog.turn()
    backlog.check()
    with store.tx() as tx:
        outbox.drop(tx, [f"o{n}" for n in range(3)])
    wait(store, "h", 9)
    backlog.turn()
    assert backlog.waiting == 4
    with pytest.raises(errors.Unavailable, match="more than 3 commands wait"):
        backlog.check()


def test_requests_that_would_add_to_it_come_later(sqlite_store: Store, tmp_path: Path) -> None:
    chosen = settings.Settings(
        api=settings.Api(url="http://cloud.test"), controller=settings.Controller(outbox_limit=2)
    )
    cloud = compute(api(sqlite_store, tmp_path, chosen))
    server = cloud.server()
    wait(sqlite_store, cloud.host, 3)
    cloud.api.services.backlog.turn()
    body = {"server": {"name": "vm", "imageRef": cloud.image, "flavorRef": cloud.flavor}}
    refused = cloud.call("POST", "/compute/v2.1/servers", body)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert refused.json["serviceUnavailable"]["message"].startswith("more than 2 commands wait")
    assert cloud.call("POST", f"/compute/v2.1/servers/{server}/action", {"os-stop": None}).status_code == 503
    assert cloud.call("GET", f"/compute/v2.1/servers/{server}").status_code == 200
    assert cloud.call("DELETE", f"/compute/v2.1/servers/{server}").status_code == 204
