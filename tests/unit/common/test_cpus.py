import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import cpus


@pytest.mark.parametrize(
    ("text", "listed"),
    [("", ()), (" ", ()), ("0", (0,)), ("2-5,8", (2, 3, 4, 5, 8)), (" 8 , 2-3, 3", (2, 3, 8)), ("7-7", (7,))],
)
def test_a_list_is_read(text: str, listed: tuple[int, ...]) -> None:
    assert cpus.parse(text) == listed


@pytest.mark.parametrize("text", ["a", "1,,2", "1-", "-1", "1-2-3", "5-2", "65536", "٣", "1.5", "^3"])
def test_what_is_no_list_is_refused_by_its_part(text: str) -> None:
    with pytest.raises(ValueError, match=r"no CPU|backwards"):
        cpus.parse(text)


@given(st.frozensets(st.integers(0, 70)))
def test_what_is_written_is_read_again(some: frozenset[int]) -> None:
    assert cpus.parse(cpus.written(some)) == tuple(sorted(some))


def test_neighbours_are_written_as_ranges() -> None:
    assert cpus.written([8, 2, 4, 3, 3]) == "2-4,8"
