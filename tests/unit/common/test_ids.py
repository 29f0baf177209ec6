import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import ids
from common.clock import ManualClock


def test_ids_are_version_7_and_of_the_clocks_time() -> None:
    clock = ManualClock()
    made = uuid.UUID(ids.time_ordered(clock)())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(clock.now().timestamp() * 1000)


def test_later_ids_sort_after_earlier_ones() -> None:
    clock = ManualClock()
    new_id = ids.time_ordered(clock)
    made = []
    for _ in range(50):
        made.append(new_id())
        clock.advance(0.001)
    assert made == sorted(made)


def test_ids_of_one_moment_differ() -> None:
    new_id = ids.time_ordered(ManualClock())
    assert len({new_id() for _ in range(1000)}) == 1000


@given(st.binary(min_size=10, max_size=10))
def test_any_noise_makes_a_valid_id_that_repeats(noise: bytes) -> None:
    def make() -> str:
        return ids.time_ordered(ManualClock(), lambda count: noise[:count])()

    assert make() == make()
    assert ids.is_uuid(make())
    assert uuid.UUID(make()).version == 7


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("0190a1b2-0000-7000-8000-00000000000a", True),
        ("0190A1B2-0000-7000-8000-00000000000A", True),
        ("0190a1b200007000800000000000000a", False),
        ("{0190a1b2-0000-7000-8000-00000000000a}", False),
        ("0190a1b2-0000-7000-8000-00000000000g", False),
        ("", False),
        ("../../etc/passwd", False),
    ],
)
def test_only_the_usual_form_is_a_uuid(text: str, valid: bool) -> None:
    assert ids.is_uuid(text) is valid


def test_a_request_id_has_openstacks_form() -> None:
    assert ids.request_id(lambda: "abc") == "req-abc"


@given(st.uuids())
def test_device_names_fit_the_kernel_and_end_as_the_id_does(of: uuid.UUID) -> None:
    for prefix, name in (("tap-", ids.tap_name(str(of))), ("tbr-", ids.bridge_name(str(of)))):
        assert name == prefix + of.hex[-11:]
        assert len(name) <= 15


def test_ids_of_one_moment_stand_in_the_order_of_their_making() -> None:
    new_id = ids.time_ordered(ManualClock())
    made = [new_id() for _ in range(ids.COUNTS + 10)]
    assert made == sorted(made)


def test_a_clock_set_back_does_not_turn_the_order() -> None:
    clock = ManualClock()
    new_id = ids.time_ordered(clock)
    first = new_id()
    clock.advance(-60)
    assert new_id() > first
