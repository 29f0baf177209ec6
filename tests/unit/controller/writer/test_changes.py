"""Every change there is: what it says it returns is what it does return, so that a repeat reads the same back."""

import importlib
import pkgutil
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import controller.admission
from common import errors
from controller.writer import Change


def changes() -> list[type[Change[Any]]]:
    """Give all changes of the product."""
    for module in pkgutil.iter_modules(controller.admission.__path__, "controller.admission."):
        importlib.import_module(module.name)
    found, todo = [], list(Change.__subclasses__())
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if kind.__module__.startswith("controller.admission."):
            found.append(kind)
    return sorted(found, key=lambda kind: kind.__qualname__)


def test_there_are_changes() -> None:
    assert {"CreateFlavor", "DeleteServer"} <= {kind.__name__ for kind in changes()}


@pytest.mark.parametrize("kind", changes(), ids=lambda kind: kind.__name__)
def test_what_a_change_returns_can_be_read_back(kind: type[Change[Any]]) -> None:
    hot = "accept" in vars(kind)
    promised = _of_each(get_type_hints(kind.accept)["return"]) if hot else get_type_hints(kind.apply)["return"]
    assert kind.returns == (None if promised is type(None) else promised)
    msgspec.json.Decoder(kind.returns)


def _of_each(results: Any) -> Any:
    """Take the refusals out of ``list[R | ToftError]``."""
    (each,) = get_args(results)
    (kept,) = set(get_args(each)) - {errors.ToftError}
    return kept
