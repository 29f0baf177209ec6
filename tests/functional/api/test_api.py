"""Runs the conversations (*.yaml) of this folder through the WSGI application; each is one test.

Gabbi's own pytest plugin stumbles over other tests whose ids have a colon, so its suites are run here.
"""

import unittest
from pathlib import Path

import pytest
from gabbi import driver

from tests.functional.api import fixtures

CONVERSATIONS = sorted(Path(__file__).parent.glob("*.yaml"))


def suites() -> list[unittest.TestSuite]:
    return list(
        driver.build_tests(
            str(Path(__file__).parent),
            unittest.TestLoader(),
            intercept=fixtures.app,
            fixture_module=fixtures,
            test_loader_name="api",
        )
    )


@pytest.mark.parametrize("name", [path.stem for path in CONVERSATIONS])
def test_conversation(name: str) -> None:
    result = unittest.TestResult()
    for suite in suites():
        if all(type(test).__name__.startswith(f"{name}_") for test in suite):
            suite.run(result)
    told = [f"{test}:\n{trace}" for test, trace in [*result.failures, *result.errors]]
    assert result.testsRun
    assert not result.skipped
    assert not told, f"{len(told)} of {result.testsRun} failed\n" + "\n".join(told)
