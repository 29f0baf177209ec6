"""Only what the controller signed for this host is opened."""

from datetime import UTC, datetime

import msgspec
import pytest

from common import errors, wire
from common.refusals import Refused
from compute_agent.seals import Seals, keys
from controller.seals import seal

OLD, NEW = b"o" * 32, b"n" * 32
COMMAND = wire.Command(
    id="c",
    host="h",
    host_epoch=1,
    verb="query",
    body=wire.raw(wire.Query(id="q", what="console")),
    expires=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_signed_with_any_of_ones_keys() -> None:
    seals = Seals({"old": OLD, "new": NEW})
    assert seals.names == ("new", "old")
    for name, key in (("old", OLD), ("new", NEW)):
        assert wire.unpack(seals.open(seal(COMMAND, name, key)), wire.Command) == COMMAND


def test_without_a_key_only_what_is_not_signed() -> None:
    assert wire.unpack(Seals({}).open(seal(COMMAND)), wire.Command) == COMMAND
    with pytest.raises(Refused, match="this host has no key") as refused:
        Seals({}).open(seal(COMMAND, "new", NEW))
    assert refused.value.kind == "unknown-key"


def tampered(**changes: object) -> bytes:
    """Change what was signed, and keep the signature."""
    sealed = wire.unpack(seal(COMMAND, "new", NEW), wire.Sealed)
    command = msgspec.structs.replace(wire.unpack(sealed.command, wire.Command), **changes)
    return wire.pack(msgspec.structs.replace(sealed, command=wire.raw(command)))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (seal(COMMAND), "unsigned"),
        (seal(COMMAND, "old", OLD), "unknown-key"),
        (seal(COMMAND, "new", OLD), "forged"),
        (tampered(host="another"), "forged"),
        (tampered(host_epoch=2), "forged"),
        (tampered(server="s"), "forged"),
        (tampered(generation=2), "forged"),
        (tampered(expires=datetime(2027, 1, 1, tzinfo=UTC)), "forged"),
        (tampered(verb="converge"), "forged"),
        (wire.pack(wire.Sealed(key="new", signature="\u00e9", command=wire.raw(COMMAND))), "forged"),
    ],
)
def test_nothing_else(frame: bytes, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        Seals({"new": NEW}).open(frame)
    assert refused.value.kind == kind


@pytest.mark.parametrize("frame", [b"", b"{", b"[]", b'{"key": "new"}', wire.pack(COMMAND), b'{"a":' * 100_000])
def test_what_is_no_frame_is_refused_before_anything(frame: bytes) -> None:
    with pytest.raises(errors.BadRequest):
        Seals({"new": NEW}).open(frame)


def test_a_signature_is_held_against_the_bytes_as_they_came() -> None:
    body = wire.pack(COMMAND)
    spaced = seal(COMMAND, "new", NEW).replace(body, body.replace(b",", b", ", 1))
    with pytest.raises(Refused, match="does not fit"):
        Seals({"new": NEW}).open(spaced)


def test_keys_are_read_from_the_settings() -> None:
    assert keys("") == {}
    assert keys(f"a:{OLD.hex()} b:{NEW.hex()}") == {"a": OLD, "b": NEW}


@pytest.mark.parametrize("text", ["a", "a:", "a:zz", "a:00ff", f"a:{OLD.hex()} b"])
def test_keys_that_are_none_keep_the_agent_from_starting(text: str) -> None:
    with pytest.raises(errors.SettingsError, match="id:hex"):
        keys(text)
