"""How a flavor's word is compared with a value of an aggregate's metadata: OpenStack's operators.

Without an operator: equal. ``=``: a number at least as large; ``== != >= <=``: numbers; ``s== s!= s< s<= s> s>=``:
texts; ``<in>``: part of the value; ``<all-in>``: each of these is; ``<or> a <or> b``: one of them is the value.
"""

import operator
from collections.abc import Callable

Test = Callable[[str], bool]

_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
}


def test(word: str) -> Test:
    """Make the test that a word is.

    :raises ValueError: an operator lacks what it compares with; says so in words that follow the key.
    """
    first, _, rest = word.strip().partition(" ")
    operand = rest.strip()
    if first not in (*_NUMBERS, *_TEXTS, "<in>", "<all-in>", "<or>"):
        return lambda value: value == word.strip()
    if not operand:
        raise ValueError(f"needs something to compare with after {first}")
    if first in _NUMBERS:
        return _number(first, operand)
    if first in _TEXTS:
        return lambda value: _TEXTS[first](value, operand)
    return _parts(first, operand)


def _number(sign: str, operand: str) -> Test:
    wanted = _float(operand)
    if wanted is None:
        raise ValueError(f"needs a number after {sign}")

    def compare(value: str) -> bool:
        has = _float(value)
        return has is not None and _NUMBERS[sign](has, wanted)

    return compare


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _parts(sign: str, operand: str) -> Test:
    if sign == "<in>":
        return lambda value: operand in value
    if sign == "<all-in>":
        return lambda value: all(part in value for part in operand.split())
    choices = {part.strip() for part in operand.split("<or>")}
    return lambda value: value in choices
