import pytest

from common.guest import words


@pytest.mark.parametrize(
    ("word", "fits", "fails"),
    [
        ("ssd", ["ssd"], ["hdd", "ss", ""]),
        ("  ssd ", ["ssd"], ["  ssd "]),
        ("= 3", ["3", "4.5"], ["2", "x", ""]),
        ("== 3", ["3", "3.0"], ["4"]),
        ("!= 3", ["4"], ["3", "x"]),
        (">= 3", ["3", "10"], ["2"]),
        ("<= 3", ["3", "-1"], ["4"]),
        ("s== abc", ["abc"], ["abcd"]),
        ("s!= abc", ["x"], ["abc"]),
        ("s< b", ["a"], ["b"]),
        ("s<= b", ["b"], ["c"]),
        ("s> b", ["c"], ["b"]),
        ("s>= b", ["b"], ["a"]),
        ("<in> sd", ["ssd"], ["hd"]),
        ("<all-in> aes mmx", ["sse mmx aes"], ["aes"]),
        ("<or> gold <or> silver", ["gold", "silver"], ["bronze", ""]),
        ("<unknown> x", ["<unknown> x"], ["x"]),
    ],
)
def test_a_word_is_compared(word: str, fits: list[str], fails: list[str]) -> None:
    test = words.test(word)
    assert [value for value in fits + fails if test(value)] == fits


@pytest.mark.parametrize("word", ["=", ">= ", "<or>", "s== ", "<in>"])
def test_an_operator_needs_something_to_compare_with(word: str) -> None:
    with pytest.raises(ValueError, match="needs something to compare with"):
        words.test(word)


@pytest.mark.parametrize("word", ["= many", "== 3 4", "<= 0x10"])
def test_a_number_is_a_number(word: str) -> None:
    with pytest.raises(ValueError, match="needs a number after"):
        words.test(word)
