from pathlib import Path

import pytest

from lab import places


def test_last_words_are_the_end_of_a_log_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "LOG", tmp_path)
    assert places.last_words("broker").startswith("it wrote nothing")
    (tmp_path / "broker.log").write_text("one\ntwo\nthree\nfour\n")
    assert places.last_words("broker") == f"two / three / four (see {tmp_path / 'broker.log'})"
