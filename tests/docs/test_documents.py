"""The documents say what is so: links lead somewhere, generated parts are what the code generates."""

import re
from pathlib import Path

import pytest

from common import metrics_listing, states
from controller.api import listing

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("doc/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    gone = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert gone == []


def test_diagram_of_states_is_the_table_of_moves() -> None:
    assert states.diagram() in (ROOT / "doc" / "architecture.md").read_text()


def test_commands_of_the_readme_exist() -> None:
    named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= made


def test_list_of_endpoints_is_what_the_route_tables_give() -> None:
    assert (ROOT / "doc" / "api.md").read_text() == listing.document(), "run: make samples"


def test_list_of_metrics_is_what_the_tables_give() -> None:
    page = (ROOT / "doc" / "seeing.md").read_text()
    assert page == metrics_listing.document(page), "run: make samples"
    assert page.count("`toft_") > 30
