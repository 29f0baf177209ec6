import re
import runpy
import sys
from pathlib import Path

import msgspec
import pytest

from common import errors, settings, settings_file
from common.settings_sample import sample

SAMPLE = Path(__file__).parents[3] / "etc/toft/toft.conf.sample"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_committed_sample_is_the_generated_one() -> None:
    assert SAMPLE.read_text() == sample(), "run: python -m common.settings_sample etc/toft/toft.conf.sample"


def test_the_generator_writes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["settings_sample", str(tmp_path / "sample")])
    monkeypatch.delitem(sys.modules, "common.settings_sample")
    runpy.run_module("common.settings_sample", run_name="__main__")
    assert (tmp_path / "sample").read_text() == sample()


def test_the_sample_uncommented_gives_the_defaults(tmp_path: Path) -> None:
    live = re.sub(r"^#(?! )", "", sample(), flags=re.MULTILINE)
    assert settings.load([write(tmp_path / "toft.conf", live)]) == settings.Settings()


def test_each_option_is_in_the_sample_with_its_help() -> None:
    text = sample()
    for group, options in settings_file.options():
        assert f"[{group}]" in text
        for option in options:
            assert f"\n#{option.name} =" in text
            assert option.help


def test_each_group_says_its_own_name() -> None:
    for field in msgspec.structs.fields(settings.Settings):
        assert (type(field.default).__doc__ or "").startswith(f"[{field.name}] ")


def test_what_opens_doors_is_secret() -> None:
    secret = {(group, option.name) for group, options in settings_file.options() for option in options if option.secret}
    assert secret == {
        ("database", "url"),
        ("bus", "url"),
        ("notifications", "url"),
        ("bus", "management"),
        ("agent", "keys"),
    }


def test_no_file_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda self: False)
    assert settings.load() == settings.Settings()


def test_a_file_sets_options_of_every_type(tmp_path: Path) -> None:
    file = write(
        tmp_path / "toft.conf",
        "[state]\npath = /srv/toft\n[api]\nport = 1234\n[scheduler]\ncpu_ratio = 2.5\n"
        "[controller]\nauto_enroll = false\n",
    )
    loaded = settings.load([file])
    assert (loaded.state.path, loaded.api.port) == ("/srv/toft", 1234)
    assert (loaded.scheduler.cpu_ratio, loaded.controller.auto_enroll) == (2.5, False)


def test_aliases_of_devices_are_json(tmp_path: Path) -> None:
    text = '[{"name": "gpu", "vendor_id": "10de", "product_id": "1eb8"}]'
    assert settings.load([write(tmp_path / "toft.conf", f"[devices]\naliases = {text}\n")]).devices.aliases == text


def test_later_files_win(tmp_path: Path) -> None:
    first = write(tmp_path / "a.conf", "[api]\nport = 1\nthreads = 2\n")
    second = write(tmp_path / "b.conf", "[api]\nport = 3\n")
    loaded = settings.load([first, second])
    assert (loaded.api.port, loaded.api.threads) == (3, 2)


@pytest.mark.parametrize(
    "text", ["[api]\nport = many\n", "no section\n", "[scheduler]\ncpu_ratio = x\n", "[devices]\naliases = gpu\n"]
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.SettingsError):
        settings.load([write(tmp_path / "toft.conf", text)])


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match=r"gone\.conf"):
        settings.load([str(tmp_path / "gone.conf")])


def test_urls_have_defaults() -> None:
    made = settings.Settings()
    assert made.database_url == "sqlite:////var/lib/toft/toft.sqlite"
    assert made.api_url == "http://127.0.0.1:8774"


def test_urls_can_be_set() -> None:
    made = settings.Settings(
        database=settings.Database(url="postgresql+psycopg://h/toft"), api=settings.Api(url="https://cloud.example/")
    )
    assert (made.database_url, made.api_url) == ("postgresql+psycopg://h/toft", "https://cloud.example")


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        settings.Settings().api.port = 1  # type: ignore[misc]
