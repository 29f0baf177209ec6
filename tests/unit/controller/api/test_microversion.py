import pytest

from common import errors
from controller.api.microversion import Microversions, Version

OFFERED = Microversions("compute", "X-OpenStack-Nova-API-Version", Version(2, 1), Version(2, 12))


def asked(value: str | None = None, legacy: str | None = None) -> Version:
    sent = {"OpenStack-API-Version": value, "X-OpenStack-Nova-API-Version": legacy}
    return OFFERED.negotiate(sent.get)


@pytest.mark.parametrize(
    ("value", "legacy", "expected"),
    [
        (None, None, Version(2, 1)),
        ("compute 2.9", None, Version(2, 9)),
        ("Compute 2.10", "2.3", Version(2, 10)),
        ("volume 3.1, compute latest", None, Version(2, 12)),
        ("volume 3.1", "2.3", Version(2, 3)),
        (None, "latest", Version(2, 12)),
    ],
)
def test_the_version_that_was_asked_for(value: str | None, legacy: str | None, expected: Version) -> None:
    assert asked(value, legacy) == expected


@pytest.mark.parametrize(
    "value", ["compute", "compute two", "compute 2", "compute 2.1 2.2", "compute 02.1", "compute 2.x"]
)
def test_a_malformed_header_is_refused(value: str) -> None:
    with pytest.raises(errors.BadRequest):
        asked(value)


@pytest.mark.parametrize("value", ["compute 2.0", "compute 2.13", "compute 3.1"])
def test_a_version_that_is_not_offered_is_refused(value: str) -> None:
    with pytest.raises(errors.NotAcceptable, match=r"from 2\.1 to 2\.12"):
        asked(value)


def test_answers_say_their_version() -> None:
    assert OFFERED.headers(Version(2, 9)) == {
        "OpenStack-API-Version": "compute 2.9",
        "X-OpenStack-Nova-API-Version": "2.9",
        "Vary": "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
    }
    assert set(OFFERED.headers(None)) == {"Vary"}
