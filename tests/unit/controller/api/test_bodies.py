from datetime import UTC

import pytest

from common import errors
from controller.api import bodies

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "limit": {"type": "integer"},
        "shared": {"type": "boolean"},
        "tag": {"type": "array", "items": {"type": "integer"}},
        "name": {"type": "string"},
    },
}


def test_json_is_read() -> None:
    assert bodies.decode(b'{"a": ["\\"[[[[", 1]}', 2) == {"a": ['"[[[[', 1]}


@pytest.mark.parametrize("raw", [b"", b"{", b"nope", b'{"a": "\xff"}', b'"\\ud800"'])
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(errors.BadRequest):
        bodies.decode(raw, 32)


def test_deep_json_is_refused_before_it_is_read() -> None:
    with pytest.raises(errors.BadRequest, match="32 levels"):
        bodies.decode(b"[" * 33, 32)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"a": {"b": ["\\u0000"]}}', r"body\.a\.b\[0\]"),
        (b'{"a\\u0000": 1}', "a name in body"),
    ],
)
def test_characters_that_cannot_be_kept_are_refused(raw: bytes, place: str) -> None:
    with pytest.raises(errors.BadRequest, match=place):
        bodies.decode(raw, 32)


def test_lone_surrogates_are_refused_wherever_they_come_from() -> None:
    with pytest.raises(errors.BadRequest, match="path"):
        bodies.check_text({"id": "\udcff"}, "path")


def test_four_byte_characters_are_welcome() -> None:
    assert bodies.decode('{"name": "\U0001f600 <&>"}'.encode(), 32) == {"name": "\U0001f600 <&>"}


def test_what_does_not_fit_the_schema_is_refused_with_its_place() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    with pytest.raises(errors.BadRequest, match=r'body\.a\[1\]: "x" is not of type "integer"'):
        bodies.validate({"a": [1, "x"]}, schema, "body")


def test_long_values_are_cut_in_messages() -> None:
    with pytest.raises(errors.BadRequest) as refusal:
        bodies.validate("x" * 5000, {"type": "integer"}, "body")
    assert len(refusal.value.message) < 400


def test_a_query_is_typed_as_its_schema_says() -> None:
    asked = bodies.query("limit=5&shared=True&tag=1&tag=2&name=a&name=b", SCHEMA)
    assert asked == {"limit": 5, "shared": True, "tag": [1, 2], "name": "b"}


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-01-31T12:00:00Z", 12), ("2026-01-31T12:00:00", 12), ("2026-01-31T12:00:00.5+02:00", 10), ("2026-01-31", 0)],
)
def test_moments_are_in_utc(text: str, hour: int) -> None:
    at = bodies.moment(text, "since")
    assert (at.tzinfo, at.hour) == (UTC, hour)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00+01:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(errors.BadRequest, match=r"since: .* is not a time such as"):
        bodies.moment(text, "since")


@pytest.mark.parametrize("text", ["limit=many", "shared=perhaps", "tag=x", "colour=red", "name=%00", "name=%ff"])
def test_a_query_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(errors.BadRequest):
        bodies.query(text, SCHEMA)
