"""The page that lists every endpoint."""

import runpy
import sys

import pytest

from controller.api import listing
from controller.api.routes import SERVICES


def test_every_route_has_its_line_and_says_what_it_does() -> None:
    lines = listing.document().splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| method")]
    assert len(rows) == sum(len(service.routes) for service in SERVICES)
    for row in rows:
        method, path, says = (cell.strip() for cell in row.strip("|").split("|"))
        assert method.isupper()
        assert path.startswith("`/")
        assert says


def test_it_is_written_to_standard_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "controller.api.listing")
    runpy.run_module("controller.api.listing", run_name="__main__")
    assert capsys.readouterr().out == listing.document()
