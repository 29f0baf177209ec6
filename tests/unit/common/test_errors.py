import re

import pytest

from common import errors


def tree(root: type[errors.ToftError]) -> list[type[errors.ToftError]]:
    return [root, *(deeper for child in root.__subclasses__() for deeper in tree(child))]


OURS = [kind for kind in tree(errors.ToftError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", OURS)
def test_each_error_has_a_code_a_status_and_a_docstring(kind: type[errors.ToftError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert 400 <= kind.status < 600
    assert kind.__doc__


def test_codes_are_different() -> None:
    assert len({kind.code for kind in OURS}) == len(OURS)


@pytest.mark.parametrize("kind", OURS)
def test_each_error_is_drawn_in_the_tree(kind: type[errors.ToftError]) -> None:
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


def test_the_message_is_what_was_given_or_the_docstring() -> None:
    assert errors.NotFound("no server x").message == "no server x"
    assert errors.NotFound().message == "There is no such thing, or it is another project's."


def test_without_either_the_message_is_the_code() -> None:
    kind = type("Bare", (errors.Conflict,), {"__doc__": None})
    assert kind().message == "conflict"
