"""Hosts, as their operators see them: what is there that is none of ours, and how much of it."""

from pathlib import Path
from typing import Any

from controller.db import hosts
from controller.db.engine import Store
from tests.services.api import api

COPY, FOREIGN = "a copy of server s", "Toft did not make it"


def test_domains_that_are_none_of_ours_are_shown_with_the_reason(sqlite_store: Store, tmp_path: Path) -> None:
    made = api(sqlite_store, tmp_path)
    ids = {
        name: made.call("POST", "/toft/v1/hosts", user="admin", json={"name": name}).json["host"]["id"]
        for name in ("one", "two", "three")
    }
    with sqlite_store.tx() as tx:
        hosts.strangers(tx, ids["one"], {"a": COPY, "b": FOREIGN}, made.clock.now())
        hosts.strangers(tx, ids["two"], {"c": FOREIGN}, made.clock.now())

    def get(path: str) -> Any:
        return made.call("GET", f"/toft/v1{path}", user="admin").json

    found = [(each["host"], each["domain"], each["reason"]) for each in get("/quarantine")["quarantine"]]
    assert found == [("one", "a", COPY), ("one", "b", FOREIGN), ("two", "c", FOREIGN)]
    assert [each["domain"] for each in get("/quarantine?host=two")["quarantine"]] == ["c"]
    assert {host["name"]: host["strangers"] for host in get("/hosts")["hosts"]} == {"one": 2, "two": 1, "three": 0}
    assert [each["reason"] for each in get("/hosts/one")["host"]["quarantine"]] == [COPY, FOREIGN]
    assert get("/hosts/three")["host"]["quarantine"] == []
