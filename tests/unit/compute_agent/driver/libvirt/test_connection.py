import threading

import libvirt
import pytest

from common import errors
from common.clock import ManualClock
from compute_agent.driver.libvirt import events
from compute_agent.driver.libvirt.connection import Pool, close_quietly
from compute_agent.driver.libvirt.service import ReconnectService


class Connection:
    def __init__(self) -> None:
        self.open = True

    def isAlive(self) -> bool:  # noqa: N802
        return self.open

    def close(self) -> None:
        self.open = False


class Domain:
    def __init__(self, name: str, uuid: str) -> None:
        self._name, self._uuid = name, uuid

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:  # noqa: N802
        return self._uuid


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def made():
    return []


@pytest.fixture
def pool(clock, made):
    def connect():
        made.append(Connection())
        return made[-1]

    return Pool(connect, clock, size=1, overdue=0.05)


def test_a_connection_is_used_again(pool, made):
    for _ in range(3):
        with pool.lend():
            pass
    assert len(made) == 1


def test_a_broken_one_is_replaced(pool, made):
    with pool.lend():
        pass
    made[0].close()
    with pool.lend() as connection:
        assert connection is made[1]


def test_one_that_broke_while_lent_is_closed(pool, made):
    with pool.lend() as connection:
        connection.open = False
    with pool.lend() as connection:
        assert connection is made[1]


def test_all_busy_is_said(pool):
    with pool.lend(), pytest.raises(errors.HypervisorError, match="all 1 connections"), pool.lend():
        pass


def test_one_is_kept_for_rescue(pool, made):
    with pool.lend(), pool.lend(urgent=True):
        assert len(made) == 2


def test_an_overdue_call_retires_its_connection(pool, clock, made):
    with pool.lend() as hung:
        clock.advance(1)
        with pool.lend() as fresh:
            assert fresh is not hung
        clock.advance(1)
        assert pool.retire() == 0
    assert not hung.open
    assert fresh.open


def test_a_connection_that_cannot_be_opened_blocks_nobody(clock):
    answers = [errors.HypervisorError("no"), Connection()]

    def connect():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    pool = Pool(connect, clock, size=1, overdue=0.05)
    with pytest.raises(errors.HypervisorError, match="no"), pool.lend():
        pass
    with pool.lend():
        pass


def test_closing_closes_what_is_idle_now_and_what_is_lent_later(pool, made):
    with pool.lend():
        pass
    with pool.lend(), pool.lend(urgent=True):
        pool.close()
    assert [connection.open for connection in made] == [False, False]


def test_closing_a_broken_one_is_fine():
    class Broken:
        def close(self) -> None:
            raise libvirt.libvirtError("gone")

    close_quietly(Broken())


def test_reconnecting_tries_until_it_works():
    done, tries = threading.Event(), []

    def reopen() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise errors.HypervisorError("still away")
        done.set()

    service = ReconnectService(reopen, longest=0.01)
    service.start()
    service.broke()
    assert done.wait(10)
    service.stop()
    assert len(tries) == 3


def test_reconnecting_ends_when_told():
    tried = threading.Event()

    def reopen() -> None:
        tried.set()
        raise errors.HypervisorError("still away")

    service = ReconnectService(reopen, longest=60)
    service.start()
    service.broke()
    assert tried.wait(10)
    service.stop()


@pytest.mark.parametrize(("event", "detail"), [pair for pair in events.LIFECYCLE if pair[1] is not None])
def test_each_detail_means_a_power(event, detail):
    assert events.lifecycle(event, detail) == events.LIFECYCLE[event, detail]


@pytest.mark.parametrize("event", sorted({pair[0] for pair in events.LIFECYCLE if (pair[0], None) in events.LIFECYCLE}))
def test_any_other_detail_means_the_general(event):
    assert events.lifecycle(event, 99) == events.LIFECYCLE[event, None]


def test_what_changes_no_power_means_nothing():
    assert events.lifecycle(libvirt.VIR_DOMAIN_EVENT_DEFINED, 0) is None


def test_only_domains_named_by_their_uuid_are_heard():
    callbacks, heard = {}, []

    class Registering:
        def domainEventRegisterAny(self, domain, kind, callback, opaque):  # noqa: N802
            callbacks[kind] = callback

    events.register(Registering(), heard.append)
    on_lifecycle = callbacks[libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE]
    on_io_error = callbacks[libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON]
    pause, report = libvirt.VIR_DOMAIN_EVENT_IO_ERROR_PAUSE, libvirt.VIR_DOMAIN_EVENT_IO_ERROR_REPORT
    for domain in (Domain("clone", "u"), Domain("u", "u")):
        on_lifecycle(None, domain, libvirt.VIR_DOMAIN_EVENT_STARTED, 0, None)
        on_lifecycle(None, domain, libvirt.VIR_DOMAIN_EVENT_DEFINED, 0, None)
        on_io_error(None, domain, "/d", "vda", pause, "enospc", None)
        on_io_error(None, domain, "/d", "vda", report, "", None)
    assert [(event.server, event.power, event.reason) for event in heard] == [
        ("u", "on", "started"),
        ("u", "paused", "I/O error on vda: enospc"),
        ("u", None, "I/O error on vda: unknown"),
    ]
