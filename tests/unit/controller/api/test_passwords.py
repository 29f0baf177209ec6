import pytest

from common import errors
from common.clock import ManualClock
from controller.api.passwords import Passwords
from tests.services.api import CHEAP


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def passwords(clock: ManualClock) -> Passwords:
    return Passwords(clock, tries=3, window=60, hasher=CHEAP)


def test_a_password_is_known_by_its_hash(passwords: Passwords) -> None:
    known = passwords.hash("right")
    assert "right" not in known
    assert passwords.check("me", "right", known)
    assert not passwords.check("me", "wrong", known)


def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not passwords.check("nobody", "a password that nobody has", None)


def test_a_hash_that_is_damaged_fits_nothing(passwords: Passwords) -> None:
    assert not passwords.check("me", "right", "damaged")


def test_guessing_is_stopped_for_a_while(passwords: Passwords, clock: ManualClock) -> None:
    known = passwords.hash("right")
    for _ in range(3):
        assert not passwords.check("me", "wrong", known)
    with pytest.raises(errors.Unauthorized, match="too many"):
        passwords.check("me", "right", known)
    assert passwords.check("you", "right", known)
    clock.advance(61)
    assert passwords.check("me", "right", known)


def test_a_right_password_forgets_the_wrong_ones(passwords: Passwords) -> None:
    known = passwords.hash("right")
    for _ in range(3):
        for wrong in ("wrong", "wrong"):
            assert not passwords.check("me", wrong, known)
        assert passwords.check("me", "right", known)
