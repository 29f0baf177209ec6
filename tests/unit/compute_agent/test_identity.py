"""Who a host is, and stays."""

from pathlib import Path

import pytest

from common import errors, settings
from compute_agent import identity

MADE = "00000000-0000-7000-8000-000000000001"
GIVEN = "00000000-0000-7000-8000-0000000000AB"


def chosen(path: Path, **agent: str) -> settings.Settings:
    return settings.Settings(state=settings.State(path=str(path)), agent=settings.Agent(**agent))


def test_an_id_is_made_once_and_kept(tmp_path: Path) -> None:
    assert identity.host_id(chosen(tmp_path), lambda: MADE) == MADE
    assert identity.host_id(chosen(tmp_path), lambda: "another") == MADE
    assert (tmp_path / "agent").stat().st_mode & 0o777 == 0o700


def test_the_setting_wins(tmp_path: Path) -> None:
    identity.host_id(chosen(tmp_path), lambda: MADE)
    assert identity.host_id(chosen(tmp_path, host_id=GIVEN), lambda: MADE) == GIVEN.lower()


@pytest.mark.parametrize("wrong", ["host-1", "../../etc"])
def test_what_is_no_uuid_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(errors.SettingsError, match="not a uuid"):
        identity.host_id(chosen(tmp_path, host_id=wrong), lambda: MADE)


def test_name_and_boot_come_from_settings_or_the_machine(tmp_path: Path) -> None:
    told = identity.identity(chosen(tmp_path, name="h", boot_id="b"), lambda: MADE)
    assert (told.host, told.name, told.boot_id) == (MADE, "h", "b")
    found = identity.identity(chosen(tmp_path), lambda: MADE)
    assert found.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert found.name
    assert found.version
