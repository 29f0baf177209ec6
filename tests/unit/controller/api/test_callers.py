"""Who sent a token is remembered for a moment, and never longer than it is true."""

from datetime import timedelta

import pytest

from common.clock import ManualClock
from common.model.identity import Who
from controller.admission import identity
from controller.api import callers
from controller.api.callers import SECONDS, Callers
from tests.services.api import Api, api


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def who(clock: ManualClock, seconds: float = 3600.0) -> Who:
    return Who(
        user_id="u",
        user_name="u",
        project_id="p",
        project_name="p",
        roles=("member",),
        expires_at=clock.now() + timedelta(seconds=seconds),
        issued_at=clock.now(),
        audit_id="a",
    )


def test_a_caller_is_known_for_a_moment(clock: ManualClock) -> None:
    known = Callers(clock)
    assert known.find("token") is None
    known.keep("token", who(clock), known.age)
    assert known.find("token") == who(clock)
    clock.advance(SECONDS)
    assert known.find("token") is None


def test_a_token_that_is_over_is_not_known(clock: ManualClock) -> None:
    known = Callers(clock)
    known.keep("token", who(clock, SECONDS / 2), known.age)
    clock.advance(SECONDS / 2)
    assert known.find("token") is None


def test_what_was_read_before_all_was_forgotten_is_not_kept(clock: ManualClock) -> None:
    known = Callers(clock)
    known.keep("old", who(clock), known.age)
    age = known.age
    known.forget()
    known.keep("token", who(clock), age)
    assert (known.find("old"), known.find("token")) == (None, None)


def test_only_so_many_are_remembered(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST", 2)
    known = Callers(clock)
    for token in "abc":
        known.keep(token, who(clock), known.age)
    assert [token for token in "abc" if known.find(token)] == ["c"]


SERVERS = "/compute/v2.1/servers"


@pytest.fixture
def cloud(sqlite_store, tmp_path) -> Api:  # type: ignore[no-untyped-def]
    return api(sqlite_store, tmp_path)


def status(cloud: Api, token: str) -> int:
    return cloud.client.simulate_get(SERVERS, headers={"X-Auth-Token": token}).status_code


def test_a_token_that_was_given_back_is_refused_at_once(cloud: Api) -> None:
    token = cloud.login("demo")
    assert status(cloud, token) == 200
    path = "/identity/v3/auth/tokens"
    assert cloud.call("DELETE", path, "admin", headers={"X-Subject-Token": token}).status_code == 204
    assert status(cloud, token) == 401


def test_a_role_that_was_taken_is_gone_at_once(cloud: Api) -> None:
    token = cloud.login("demo")
    assert status(cloud, token) == 200
    found = cloud.client.simulate_get(
        "/identity/v3/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token}
    )
    told = found.json["token"]
    role = f"/identity/v3/projects/{told['project']['id']}/users/{told['user']['id']}/roles/member"
    assert cloud.call("DELETE", role, "admin").status_code == 204
    assert status(cloud, token) == 401


def test_what_another_controller_changes_counts_a_moment_later(cloud: Api) -> None:
    token = cloud.login("demo")
    assert status(cloud, token) == 200
    with cloud.services.store.tx() as tx:
        for grant in identity.identity.grants(tx):
            identity.identity.remove_grants(tx, [grant])
    cloud.clock.advance(SECONDS)
    assert status(cloud, token) == 401


def test_every_change_of_who_may_what_says_so() -> None:
    kinds = [
        kind for kind in vars(identity).values() if isinstance(kind, type) and kind.__module__ == identity.__name__
    ]
    assert len(kinds) == 6
    assert all(kind.of_identity for kind in kinds)
