"""The writer's thread: many submit, one writes, each gets its own answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from common import errors
from controller.db.engine import Store
from controller.writer import Key
from controller.writer.service import WriterService
from tests.unit.controller.writer.test_group import Bench, Make


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


@pytest.fixture
def service(bench: Bench) -> Iterator[WriterService]:
    made = WriterService(bench.writer())
    made.start()
    yield made
    made.stop()


def test_many_threads_get_each_their_own(bench: Bench, service: WriterService) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda i: service.submit(Make(name=f"n{i:02}")), range(40)))
    assert len(set(made)) == 40
    assert bench.names() == [f"n{i:02}" for i in range(40)]


def test_a_refusal_reaches_its_submitter(service: WriterService) -> None:
    with pytest.raises(errors.Forbidden, match="not this name"):
        service.submit(Make(name="refused"))


def test_two_controllers_with_one_key_make_one(bench: Bench, service: WriterService) -> None:
    second = WriterService(bench.writer())
    second.start()
    key = Key("p", "k", "digest")
    with ThreadPoolExecutor(8) as pool:
        made = {*pool.map(lambda i: (service, second)[i % 2].submit(Make(name="one"), key), range(16))}
    second.stop()
    assert len(made) == 1
    assert bench.names() == ["one"]


def test_a_submitter_does_not_wait_for_ever(bench: Bench) -> None:
    never_started = WriterService(bench.writer(), patience=0.01)
    with pytest.raises(errors.Unavailable, match="same key"):
        never_started.submit(Make(name="one"))
    never_started.stop()
    assert bench.names() == []
