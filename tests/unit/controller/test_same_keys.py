"""Controllers of one database have the same keys, rotated ones too."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from common import errors
from controller.db.engine import Store
from controller.same_keys import check
from controller.secrets import TOKENS, Secrets

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


def start(store: Store, folder: Path, *keys: str) -> None:
    """Start a controller with these keys of tokens."""
    folder.mkdir(exist_ok=True)
    (folder / TOKENS).write_text("\n".join(keys))
    check(store, {TOKENS: Secrets(folder).fingerprints()[TOKENS]}, folder)


def test_the_same_keys_are_welcome(store: Store, tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        start(store, tmp_path / name, OLD)


def test_others_are_refused_and_the_message_says_what_to_do(store: Store, tmp_path: Path) -> None:
    start(store, tmp_path / "one", OLD)
    with pytest.raises(errors.SettingsError, match=r"two/tokens has other keys.*\[state\] keys") as refused:
        start(store, tmp_path / "two", FOREIGN)
    assert not any(key in refused.value.message for key in (OLD, FOREIGN))
    start(store, tmp_path / "one", OLD)


def test_keys_are_rotated_one_at_a_time(store: Store, tmp_path: Path) -> None:
    for keys in ((OLD,), (OLD, NEW), (NEW, OLD), (NEW,)):
        for name in ("one", "two"):
            start(store, tmp_path / name, *keys)
    with pytest.raises(errors.SettingsError):
        start(store, tmp_path / "three", OLD)


def test_what_is_compared_does_not_give_the_keys_away(tmp_path: Path) -> None:
    told = Secrets(tmp_path / "keys").fingerprints()
    assert set(told) == {"tokens", "answers", "images", "digests"} | set(told)
    kept = "".join((tmp_path / "keys" / name).read_text() for name in told)
    assert not any(fingerprint in kept for prints in told.values() for fingerprint in prints)
