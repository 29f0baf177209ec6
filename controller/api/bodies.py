"""What clients send, checked before anything else sees it: size, depth, characters, schema."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl

import jsonschema_rs
import msgspec

from common import errors

Schema = Mapping[str, Any]

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_compiled: dict[int, tuple[Schema, Any]] = {}


def decode(raw: bytes, max_depth: int) -> Any:
    """Read JSON.

    :raises BadRequest: it is not JSON, is too deep, or has characters that cannot be kept.
    """
    _check_depth(raw, max_depth)
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.BadRequest(f"the body is not JSON: {error}") from error
    check_text(value, "body")
    return value


def _check_depth(raw: bytes, limit: int) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limit:
            raise errors.BadRequest(f"the body is more than {limit} levels deep")


def check_text(value: Any, where: str) -> None:
    """Refuse U+0000 and lone surrogates, which neither SQL nor XML can keep, in any string of ``value``.

    :raises BadRequest: there is one; names the place.
    """
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            raise errors.BadRequest(f"{where}: U+0000 and lone surrogates are not allowed; remove them")
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_text(key, f"a name in {where}")
            check_text(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            check_text(inner, f"{where}[{position}]")


def validate(value: Any, schema: Schema, what: str) -> None:
    """Hold ``value`` against a JSON schema, which is compiled at its first use.

    :param what: ``body`` or ``query``, the start of the path that the message names.
    :raises BadRequest: it does not fit; names the place and what is wrong there.
    """
    known = _compiled.get(id(schema))
    if known is None:
        # the schema is kept beside its validator, so that its id is not given to another
        known = _compiled[id(schema)] = (schema, jsonschema_rs.validator_for(dict(schema), validate_formats=True))
    faults = sorted(known[1].iter_errors(value), key=lambda fault: len(fault.instance_path), reverse=True)
    if faults:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in faults[0].instance_path)
        raise errors.BadRequest(f"{what}{path}: {_short(faults[0].message)}")


def _short(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[: limit - 40]} … {message[-37:]}"


def query(text: str, schema: Schema) -> dict[str, Any]:
    """Read a query string: numbers, booleans and lists as the schema says, text otherwise; the last of repeats counts.

    :raises BadRequest: it is malformed or does not fit the schema.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise errors.BadRequest("the query string is not UTF-8") from error
    values: dict[str, Any] = {}
    for name, value in pairs:
        check_text([name, value], "query")
        expected = schema.get("properties", {}).get(name, {})
        if expected.get("type") == "array":
            values.setdefault(name, []).append(_typed(value, expected.get("items", {})))
        else:
            values[name] = _typed(value, expected)
    validate(values, schema, "query")
    return values


def moment(text: str, what: str) -> datetime:
    """Read a time in ISO 8601; one without a zone is in UTC.

    :param what: names the place that it stands in.
    :raises BadRequest: it is none, or no calendar has it.
    """
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise errors.BadRequest(f"{what}: {text!r} is not a time such as 2026-01-31T12:00:00Z") from error


def _typed(value: str, schema: Schema) -> Any:
    """Turn text into what the schema wants; what cannot be turned stays text, and the schema refuses it."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if kind == "boolean":
        return cast(Any, _WORDS.get(value.lower(), value))
    return value
