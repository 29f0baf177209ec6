from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet

from common import errors
from common.clock import ManualClock
from controller.secrets import ImageUrls, Secrets, unseal, valid

DIGEST = "a" * 64


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first, again = Secrets(tmp_path / "keys"), Secrets(tmp_path / "keys")
    assert unseal(again.tokens, first.tokens.encrypt(b"mine")) == b"mine"
    assert again.answers.decrypt(first.answers.encrypt(b"mine")) == b"mine"
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_new_key_on_the_first_line_leaves_the_old_one_valid(tmp_path: Path) -> None:
    old = Secrets(tmp_path).tokens.encrypt(b"mine")
    file = tmp_path / "tokens"
    file.write_bytes(Fernet.generate_key() + b"\n" + file.read_bytes())
    assert unseal(Secrets(tmp_path).tokens, old) == b"mine"
    file.write_bytes(file.read_bytes().splitlines()[0])
    with pytest.raises(errors.Unauthorized):
        unseal(Secrets(tmp_path).tokens, old)


@pytest.mark.parametrize("content", [b"", b"short\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokens").write_bytes(content)
    with pytest.raises(errors.SettingsError, match="tokens"):
        Secrets(tmp_path)


def asked(url: str) -> tuple[str, str, str]:
    words = parse_qs(urlsplit(url).query)
    return words["host"][0], words["expires"][0], words["signature"][0]


def test_a_signed_url_is_good_for_its_host_image_and_time(tmp_path: Path) -> None:
    clock = ManualClock()
    urls = Secrets(tmp_path).image_urls("http://cloud.test/", clock, 60)
    url = urls.sign(DIGEST, "host 1")
    assert url.startswith(f"http://cloud.test/toft/images/{DIGEST}?")
    host, expires, signature = asked(url)
    urls.check(DIGEST, host, expires, signature)
    for wrong in (
        ("b" * 64, host, expires, signature),
        (DIGEST, "host 2", expires, signature),
        (DIGEST, host, str(int(expires) + 1), signature),
        (DIGEST, host, expires, "\u00e9"),
    ):
        with pytest.raises(errors.Forbidden, match="signature"):
            urls.check(*wrong)
    clock.advance(61)
    with pytest.raises(errors.Forbidden, match="time is over"):
        urls.check(DIGEST, host, expires, signature)


def test_an_older_key_is_still_accepted() -> None:
    clock = ManualClock()
    url = ImageUrls([b"old"], "http://cloud.test", clock, 60).sign(DIGEST, "host")
    ImageUrls([b"new", b"old"], "http://cloud.test", clock, 60).check(DIGEST, *asked(url))


def test_a_token_is_ours_for_a_while(tmp_path: Path) -> None:
    clock, sealed = ManualClock(), Secrets(tmp_path).tokens
    token = sealed.encrypt_at_time(b"mine", int(clock.now().timestamp())).decode()
    assert valid(sealed, token, clock, 60)
    assert not valid(sealed, "\u00e9forged", clock, 60)
    clock.advance(61)
    assert not valid(sealed, token, clock, 60)
