from importlib.metadata import EntryPoint

import pytest

from common import agents


def fake_factory() -> str:
    return "an agent"


def test_the_installed_agent_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("fake", f"{__name__}:fake_factory", "toft.agents")
    monkeypatch.setattr(EntryPoint, "load", lambda self: fake_factory)
    monkeypatch.setattr(agents, "entry_points", lambda group: [point] if group == "toft.agents" else [])
    assert agents.agent_factory() is fake_factory


def test_without_an_agent_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "entry_points", lambda group: [])
    with pytest.raises(LookupError, match="pip install"):
        agents.agent_factory()
