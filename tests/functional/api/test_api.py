"""Runs the conversations (*.yaml) of this folder through the WSGI application."""

from pathlib import Path
from typing import Any

import pytest
from gabbi import driver
from gabbi.driver import test_pytest

from tests.functional.api import fixtures

__all__ = ["test_pytest"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> Any:
    driver.py_test_generator(
        str(Path(__file__).parent),
        intercept=fixtures.app,
        fixture_module=fixtures,
        test_loader_name="api",
        metafunc=metafunc,
    )
