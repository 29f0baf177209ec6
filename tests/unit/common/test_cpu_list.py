import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import cpu_list


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("", []), ("3", [3]), ("0-3", [0, 1, 2, 3]), (" 1 , 2-3 ,", [1, 2, 3]), ("0-3,^2", [0, 1, 3]), ("^0,0-1", [1])],
)
def test_a_list_is_read(text, cpus):
    assert sorted(cpu_list.parse(text)) == cpus


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "4096", "0-99999", "1;2", "٣", "1.5", "^", "0-1-2", "9" * 99])
def test_what_is_no_list_is_refused(text):
    with pytest.raises(ValueError, match="must be a list of CPUs"):
        cpu_list.parse(text)


@given(st.frozensets(st.integers(0, cpu_list.LIMIT - 1), max_size=40))
def test_what_is_written_is_read_again(cpus):
    assert cpu_list.parse(cpu_list.text(cpus)) == cpus


def test_ranges_are_written_together():
    assert cpu_list.text(frozenset({0, 1, 2, 5, 7, 8})) == "0-2,5,7-8"
