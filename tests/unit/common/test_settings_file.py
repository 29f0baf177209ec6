"""How settings are read, right here: ``settings.load`` does it in a process of its own."""

from pathlib import Path

import pytest

from common import errors, settings, settings_file


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "toft.conf"
    file.write_text("[api]\nport = 1234\n")
    read = settings_file.read([str(file)])
    assert (read.api.port, read.bus) == (1234, settings.Bus())
    assert read == settings.load([str(file)])


def test_a_wrong_value_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "toft.conf"
    file.write_text("[api]\nport = many\n")
    with pytest.raises(errors.SettingsError, match="port"):
        settings_file.read([str(file)])
