from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest

from common import errors, ids, settings
from common.clock import ManualClock
from controller.admission.identity import Bootstrap, CreateProject, CreateUser, GrantRole, RevokeToken, TakeRole
from controller.db import identity
from controller.db.engine import Store
from controller.workflow.world import World
from tests.doubles.writer import DirectWriter

CLOCK = ManualClock()
WORLD = World(clock=CLOCK, ids=ids.time_ordered(CLOCK), settings=settings.Settings(), scheduler=None)  # type: ignore[arg-type]


@pytest.fixture
def writer(store: Store) -> DirectWriter:
    return DirectWriter(store, WORLD)


def test_bootstrap_makes_what_is_missing_and_gives_the_password(store: Store, writer: DirectWriter) -> None:
    writer.submit(Bootstrap(users={"demo": ("old", "demo", "member")}))
    writer.submit(Bootstrap(users={"demo": ("new", "demo", "member"), "boss": ("hash", "demo", "admin")}))
    with store.read() as tx:
        boss, demo = identity.users(tx)
        (project,) = identity.projects_of(tx, demo.id)
        assert (demo.password_hash, boss.password_hash, project.name) == ("new", "hash", "demo")
        assert [grant.role for grant in identity.grants(tx, project_id=project.id)] in (
            ["member", "admin"],
            ["admin", "member"],
        )


def test_controllers_that_start_at_once_make_their_users_once(store: Store, writer: DirectWriter) -> None:
    asked = Bootstrap(users={"demo": ("hash", "demo", "member")})
    with ThreadPoolExecutor(1) as pool:
        with store.tx() as tx:
            asked.apply(tx, WORLD)
            second = pool.submit(writer.submit, asked)
            wait([second], timeout=0.3)
            assert not second.done()
        second.result()
    with store.read() as tx:
        (demo,) = identity.users(tx)
        assert len(identity.projects_of(tx, demo.id)) == 1


def test_names_are_taken_once(writer: DirectWriter) -> None:
    writer.submit(CreateProject(name="a"))
    writer.submit(CreateUser(name="a", password_hash="x"))
    with pytest.raises(errors.Conflict, match="project a already"):
        writer.submit(CreateProject(name="a"))
    with pytest.raises(errors.Conflict, match="user a already"):
        writer.submit(CreateUser(name="a", password_hash="x"))


def test_a_disabled_project_is_nobody_s(store: Store, writer: DirectWriter) -> None:
    project = writer.submit(CreateProject(name="a", enabled=False))
    user = writer.submit(CreateUser(name="a", password_hash="x"))
    writer.submit(GrantRole(user_id=user.id, project_id=project.id, role="member"))
    with store.read() as tx:
        assert identity.projects_of(tx, user.id) == []
        assert identity.roles(tx, user.id, project.id) == ("member",)
    writer.submit(TakeRole(user_id=user.id, project_id=project.id, role="member"))
    with pytest.raises(errors.NotFound):
        writer.submit(TakeRole(user_id=user.id, project_id=project.id, role="member"))


def test_a_token_may_be_given_back_twice(store: Store, writer: DirectWriter) -> None:
    soon = CLOCK.now() + timedelta(seconds=60)
    for _ in range(2):
        writer.submit(RevokeToken(audit_id="first", expires_at=soon))
    with store.read() as tx:
        assert (identity.revoked(tx, "first"), identity.revoked(tx, "second")) == (True, False)
