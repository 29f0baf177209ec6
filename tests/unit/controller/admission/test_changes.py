"""What holds for every change: its answer can be kept and given again under the same idempotency key."""

import importlib
import pkgutil
from types import NoneType
from typing import get_args

import pytest

import controller.admission
from controller.writer import Change

for module in pkgutil.iter_modules(controller.admission.__path__):
    importlib.import_module(f"controller.admission.{module.name}")

CHANGES = [kind for kind in Change.__subclasses__() if kind.__module__.startswith("controller.admission.")]


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.__name__)
def test_the_kept_answer_is_read_as_what_the_change_gives(kind):
    (gives,) = get_args(kind.__orig_bases__[0])
    assert kind.returns == (None if gives is NoneType else gives)


def test_all_are_walked():
    assert len(CHANGES) >= 20
