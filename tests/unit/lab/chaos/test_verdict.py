"""A verdict that cannot be bad would be worth nothing: each thing that can be wrong is found."""

from dataclasses import replace
from typing import Any

import pytest

from lab.chaos.evidence import Evidence
from lab.chaos.load import Wishes
from lab.chaos.verdict import judge

WISHES = Wishes({"a": "vm-a", "b": "vm-b"}, {"b"})
ACTIVE = {"name": "vm-a", "status": "ACTIVE"}
SOUND = Evidence(
    servers={"a": ACTIVE},
    domains={"host1": {"a": "running"}, "host2": {}},
    folders={"host1": {"a"}, "host2": set()},
    claims={"a"},
    ports={"a"},
    counted=1,
)


def test_what_is_as_asked_is_clean() -> None:
    assert judge(WISHES, SOUND).clean


@pytest.mark.parametrize(
    "server",
    [{"name": "vm-a", "status": "SHUTOFF"}, {"name": "vm-a", "status": "ERROR", "fault": {"message": "disk full"}}],
)
def test_a_server_that_says_why_it_does_not_run_is_not_lost(server: dict[str, Any]) -> None:
    there = replace(SOUND, servers={"a": server}, domains={"host1": {"a": "shut off"}, "host2": {}})
    assert judge(WISHES, there).clean


@pytest.mark.parametrize(
    ("changed", "kind", "sentence"),
    [
        ({"servers": {}, "counted": 0}, "lost", "a vm-a was acknowledged and is not there"),
        ({"servers": {"a": ACTIVE | {"status": "BUILD"}}}, "lost", "a is BUILD still"),
        ({"servers": {"a": ACTIVE | {"status": "ERROR"}}}, "lost", "a is in ERROR and does not say why"),
        ({"domains": {"host1": {"a": "paused"}, "host2": {}}}, "lost", "a is ACTIVE and does not run"),
        ({"domains": {"host1": {}, "host2": {}}}, "lost", "a is ACTIVE and does not run"),
        ({"ledger": ["host1: used 2, claimed 1"]}, "lost", "host1: used 2, claimed 1"),
        ({"workflows": 1}, "lost", "1 workflows are under way still"),
        ({"outbox": 2}, "lost", "2 messages were not sent"),
        ({"servers": {"a": ACTIVE, "x": ACTIVE}, "counted": 2}, "doubled", "vm-a is there 2 times"),
        ({"domains": {"host1": {"a": "running"}, "host2": {"a": "shut off"}}}, "doubled", "a is on 2 hosts"),
        ({"servers": {"a": ACTIVE, "b": {"name": "vm-b", "status": "ACTIVE"}}}, "leaked", "b is ACTIVE and nobody"),
        ({"domains": {"host1": {"a": "running"}, "host2": {"b": "running"}}}, "leaked", "b has a domain on host2"),
        ({"folders": {"host1": {"a"}, "host2": {"b"}}}, "leaked", "b has files on host2"),
        ({"claims": {"a", "b"}}, "leaked", "b has a claim"),
        ({"ports": {"a", "b"}}, "leaked", "b has a port"),
        ({"counted": 2}, "leaked", "the quota counts 2 servers, there are 1"),
    ],
)
def test_each_thing_that_can_be_wrong_is_found(changed: dict[str, Any], kind: str, sentence: str) -> None:
    verdict = judge(WISHES, replace(SOUND, **changed))
    assert not verdict.clean
    assert any(said.startswith(sentence) for said in getattr(verdict, kind)), verdict
