import logging

import pytest

from common import refusals
from common.refusals import KINDS, OTHERS, Refusals


@pytest.fixture
def counted() -> Refusals:
    return Refusals(logging.getLogger("test"))


def test_each_is_counted_and_the_first_of_each_kind_is_told(
    counted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        counted.count("malformed", "a", "no JSON")
    counted.count("old-epoch", "a")
    counted.count("malformed", "b")
    assert counted.of("malformed") == 4
    assert counted.by_kind("a") == {"malformed": 3, "old-epoch": 1}
    assert [record.message for record in caplog.records] == [
        "malformed from a is refused: no JSON; more of these are only counted",
        "old-epoch from a is refused; more of these are only counted",
        "malformed from b is refused; more of these are only counted",
    ]


def test_hosts_that_are_made_up_do_not_fill_the_memory(counted: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(refusals.SENDERS + 1000):
        counted.count("malformed", f"host-{number}")
    assert len(counted.counts) == refusals.SENDERS + 1
    assert counted.counts["malformed", OTHERS] == 1000
    assert len(caplog.records) == refusals.SENDERS + 1


def test_every_kind_is_told_in_the_table_of_the_docstring(counted: Refusals) -> None:
    lines = [line.split("|")[1] for line in (refusals.__doc__ or "").splitlines() if line.startswith("|")][2:]
    assert {kind.strip() for line in lines for kind in line.split(",")} == KINDS


def test_a_kind_that_there_is_not_is_a_mistake(counted: Refusals) -> None:
    with pytest.raises(AssertionError, match="misspelt"):
        counted.count("misspelt", "a")
