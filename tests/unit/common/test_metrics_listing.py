import runpy
import sys
from pathlib import Path

import pytest

from common import metrics_listing
from common.metrics_listing import BEGIN, END


def test_only_the_list_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    monkeypatch.setattr(sys, "argv", ["metrics_listing", str(page)])
    monkeypatch.delitem(sys.modules, "common.metrics_listing")
    runpy.run_module("common.metrics_listing", run_name="__main__")
    assert page.read_text() == f"before\n{BEGIN}{metrics_listing.listing()}{END}after\n"


def test_both_sides_are_listed_as_prometheus_shows_them() -> None:
    listed = metrics_listing.listing()
    assert "| `toft_controller_requests_total` | counter | service, route, status | API requests answered. |" in listed
    assert "| `toft_agent_refusals_total` | counter | kind | Commands that were not let in. |" in listed
    assert "| `toft_controller_turn_seconds` | histogram | loop |" in listed
