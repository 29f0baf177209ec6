"""Hosts come, turn their keys and go, over a broker that may be away at any of its calls.

After each failure: the tables know of all that may enter the broker, a host is never left without what its agent has,
and asking again does the rest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from common import errors
from common.settings import Bus, Settings
from compute_agent.seals import keys
from controller.broker import broker
from controller.db import hosts
from controller.db.credentials import CREDENTIALS, Credential
from controller.db.engine import Store
from controller.enrolment import Enrolment
from tests.doubles.broker import NotedBroker
from tests.services.api import Api, api
from tests.workflow.model_agent import inventory

HOSTS = "/toft/v1/hosts"
MANAGED = Bus(url="amqp://boss:pw@broker/toft", management="http://boss:pw@broker:15672", grace_seconds=100.0)


class Yard:
    """The API, and the broker behind it, which answers ``left`` more calls. ``queues``: those that were declared."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.broker = NotedBroker()
        self.queues: list[str] = []
        self.no_queues = False
        enrolment = Enrolment(MANAGED, self.broker, self._declare, lambda key: key.hex().encode())
        self.store, self.api = store, api(store, folder, Settings(bus=MANAGED), enrolment)

    def _declare(self, host: str) -> None:
        if self.no_queues:
            raise errors.BusUnavailable("away")
        self.queues.append(host)

    def call(self, method: str, path: str = "", body: Any = None) -> Result:
        return self.api.call(method, f"{HOSTS}{path}", user="admin", **({} if body is None else {"json": body}))

    def enroll(self) -> Result:
        return self.call("POST", "", {"name": "one"})

    def rotate(self, **more: bool) -> Result:
        return self.call("POST", "/one/rotate", more)

    def mine(self) -> list[Credential]:
        with self.store.read() as tx:
            return CREDENTIALS.read(tx, CREDENTIALS.select().order_by(CREDENTIALS.table.c.id))

    def known(self) -> set[str]:
        """Give the broker's users that the tables know of."""
        return {credential.broker_user or "" for credential in self.mine()}

    def sound(self) -> None:
        """See that nobody may enter whom the tables do not know."""
        assert self.broker.users() <= self.known()


@pytest.fixture
def yard(sqlite_store: Store, tmp_path: Path) -> Yard:
    return Yard(sqlite_store, tmp_path)


def user_of(answer: Result) -> str:
    """Give the broker's user that a settings file has."""
    line = next(line for line in answer.json["settings"].splitlines() if line.startswith("url = "))
    return str(line.partition("//")[2].partition(":")[0])


def key_of(answer: Result) -> str:
    line = next(line for line in answer.json["settings"].splitlines() if line.startswith("keys = "))
    (id_,) = keys(line.partition(" = ")[2])
    return id_


# ---- all goes well -----------------------------------------------------------------------------------------
def test_a_host_gets_a_queue_a_user_and_a_key(yard: Yard) -> None:
    answer = yard.enroll()
    assert answer.status_code == 201
    assert yard.queues == [answer.json["host"]["id"]]
    assert yard.broker.users() == yard.known() == {user_of(answer)}
    assert [c.id for c in yard.mine()] == [key_of(answer)]
    assert answer.json["host"]["state"] == "new"


def test_names_are_one_hosts(yard: Yard) -> None:
    yard.enroll()
    again = yard.enroll()
    assert (again.status_code, "toft host rotate" in again.text) == (409, True)
    assert len(yard.mine()) == 1


def test_older_credentials_end_after_the_grace_period(yard: Yard) -> None:
    first, second, third = yard.enroll(), yard.rotate(), yard.rotate()
    until = yard.api.clock.now().timestamp() + 100.0
    ends = {c.id: c.retires_at.timestamp() if c.retires_at else None for c in yard.mine()}
    assert ends == {key_of(first): until, key_of(second): until, key_of(third): None}
    yard.api.clock.advance(50.0)
    yard.rotate()
    assert yard.mine()[0].retires_at == yard.mine()[1].retires_at, "what ends earlier still does"
    assert yard.mine()[0].retires_at.timestamp() == until  # type: ignore[union-attr]
    assert yard.broker.users() == yard.known()


def test_older_credentials_end_at_once_if_so_asked(yard: Yard) -> None:
    yard.enroll()
    yard.rotate()
    last = yard.rotate(retire=True)
    assert yard.broker.users() == yard.known() == {user_of(last)}


def test_a_host_goes_with_all_it_was_given(yard: Yard) -> None:
    host = yard.enroll().json["host"]["id"]
    yard.rotate()
    assert yard.call("DELETE", "/one").status_code == 204
    assert (yard.broker.users(), yard.mine()) == (set(), [])
    assert yard.broker.told[-1] == ("forget", host)
    assert yard.call("DELETE", "/one").status_code == 404


# ---- the broker is away ------------------------------------------------------------------------------------
@pytest.fixture(params=["no queue", "no user"])
def away(request: pytest.FixtureRequest) -> Callable[[Yard], None]:
    """Let the broker be away, or only its management API."""
    no_queues = request.param == "no queue"

    def leave(yard: Yard) -> None:
        yard.no_queues, yard.broker.left = no_queues, 0

    return leave


def back(yard: Yard) -> None:
    yard.no_queues, yard.broker.left = False, None


def test_a_host_that_could_not_be_let_in_is_not_there(yard: Yard, away: Callable[[Yard], None]) -> None:
    away(yard)
    assert yard.enroll().status_code == 503
    assert yard.mine() == []
    with yard.store.read() as tx:
        assert hosts.enrolled(tx) == []
    yard.sound()
    back(yard)
    assert yard.enroll().status_code == 201


def test_a_user_that_was_made_although_the_broker_did_not_say_so_is_removed(yard: Yard) -> None:
    said = yard.broker.let_in

    def lost_answer(host: str, user: str, password: str) -> None:
        said(host, user, password)
        raise errors.BusUnavailable("no answer")

    yard.broker.let_in = lost_answer  # type: ignore[method-assign]
    assert yard.enroll().status_code == 503
    assert yard.broker.users() == set()


def test_a_key_that_could_not_be_turned_is_as_it_was(yard: Yard, away: Callable[[Yard], None]) -> None:
    first = yard.enroll()
    away(yard)
    before = yard.mine()
    for more in ({}, {"retire": True}):
        assert yard.rotate(**more).status_code == 503
        assert yard.mine() == before, "what its agent has does not end, for there is nothing newer"
    assert yard.broker.users() == {user_of(first)}
    back(yard)
    second = yard.rotate()
    assert yard.broker.users() == yard.known() == {user_of(first), user_of(second)}


@pytest.mark.parametrize("left", [1, 2])
def test_an_old_user_that_could_not_be_shut_out_is_so_the_next_time(yard: Yard, left: int) -> None:
    yard.enroll()
    yard.rotate()
    yard.broker.left = left  # the new one is let in, and of the two old ones none or one is shut out
    assert yard.rotate(retire=True).status_code == 503
    yard.sound()
    yard.broker.left = None
    last = yard.rotate(retire=True)
    assert last.status_code == 201
    assert yard.broker.users() == yard.known() == {user_of(last)}


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_host_stays_until_the_broker_knows_it_no_longer(yard: Yard, left: int) -> None:
    yard.enroll()
    yard.rotate()
    yard.broker.left = left
    assert yard.call("DELETE", "/one").status_code == 503
    assert len(yard.mine()) == 2
    yard.sound()
    yard.broker.left = None
    assert yard.call("DELETE", "/one").status_code == 204
    assert (yard.broker.users(), yard.mine()) == (set(), [])


# ---- without the management API ----------------------------------------------------------------------------
def test_where_all_hosts_are_one_user_each_has_a_key_of_its_own(sqlite_store: Store, tmp_path: Path) -> None:
    shared = Bus(url="amqp://boss:pw@broker/toft")
    enrolment = Enrolment(shared, broker(shared), lambda _host: None, lambda key: key.hex().encode())
    made: Api = api(sqlite_store, tmp_path, Settings(bus=shared), enrolment)

    def call(method: str, path: str, body: Any) -> Result:
        return made.call(method, f"{HOSTS}{path}", user="admin", json=body)

    first = call("POST", "", {"name": "one"})
    second = call("POST", "/one/rotate", {"retire": True})
    assert user_of(first) == user_of(second) == "boss"
    shown = made.call("GET", f"{HOSTS}/one", user="admin").json["host"]["credentials"]
    assert [(c["id"], c["broker_user"], c["in_use"]) for c in shown] == [(key_of(second), None, False)]
    assert made.call("DELETE", f"{HOSTS}/one", user="admin").status_code == 204


def test_a_host_that_reports_too_much_is_approved_by_its_operator(yard: Yard) -> None:
    id_ = yard.enroll().json["host"]["id"]
    assert yard.call("POST", "/one/approve", {}).status_code == 409
    said = {"cpus": 8, "memory_mib": inventory().memory_mib, "disk_gib": 1, "disk_free_gib": 1, "reserved": {}}
    with yard.store.tx() as tx:
        hosts.write(tx, "inventory", {id_: said})
        hosts.write(tx, "held", {id_: {"VCPU": 8}})
    shown = yard.call("POST", "/one/approve", {}).json["host"]
    assert shown["held"] is None
    assert yard.call("GET", "/one").json["host"]["has"]["VCPU"]["total"] == 8


def test_a_hosts_voice_is_given_back_by_its_operator(yard: Yard) -> None:
    answer = yard.enroll()
    with yard.store.tx() as tx:
        hosts.set_muted(tx, [answer.json["host"]["id"]], yard.api.clock.now())
    yard.broker.left = 0
    assert yard.call("POST", "/one/unmute", {}).status_code == 503
    assert yard.call("GET", "/one").json["host"]["muted_at"]
    yard.broker.left = None
    assert yard.call("POST", "/one/unmute", {}).json["host"]["muted_at"] is None
    assert yard.broker.told[-1] == ("unmute", user_of(answer))
