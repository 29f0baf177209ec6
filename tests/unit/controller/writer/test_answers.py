"""Kept answers: sealed, and read back as what their change returns."""

from typing import Any, ClassVar

import pytest
from cryptography.fernet import Fernet, MultiFernet

from common import errors
from common.model.image import Image
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change
from controller.writer.answers import Answers
from tests.unit.controller.db.test_engine import HOSTILE


class Fixed(Change[Any], frozen=True):
    """Returns a list of texts."""

    returns: ClassVar[Any] = list[str]

    def apply(self, tx: Tx, world: World) -> Any:
        return HOSTILE


class Nothing(Fixed, frozen=True):
    """Returns nothing."""

    returns: ClassVar[Any] = None


class Picture(Fixed, frozen=True):
    """Returns a record."""

    returns: ClassVar[Any] = Image


def answers() -> Answers:
    key = MultiFernet([Fernet(Fernet.generate_key())])
    return Answers(key.encrypt, key.decrypt)


def test_a_result_comes_back_as_it_was() -> None:
    made = answers()
    assert made.again(made.keep(HOSTILE), Fixed()) == HOSTILE
    assert made.again(made.keep(None), Nothing()) is None


def test_nothing_of_it_can_be_read_in_what_is_kept() -> None:
    assert "naïve" not in answers().keep(HOSTILE)


def test_with_another_key_it_is_a_conflict() -> None:
    with pytest.raises(errors.Conflict, match="cannot be read"):
        answers().again(answers().keep(HOSTILE), Fixed())


def test_of_another_kind_it_is_a_conflict() -> None:
    made = answers()
    with pytest.raises(errors.Conflict, match="cannot be read"):
        made.again(made.keep(HOSTILE), Picture())
