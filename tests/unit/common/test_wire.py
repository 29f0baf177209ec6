from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import errors, wire
from common.guest import Guest
from common.states import Power

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


SCALARS: dict[type[msgspec.inspect.Type], st.SearchStrategy[Any]] = {
    msgspec.inspect.NoneType: st.none(),
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.FloatType: st.floats(0, 1e9),
    msgspec.inspect.DateTimeType: st.datetimes(timezones=st.just(UTC)),
    msgspec.inspect.RawType: st.just(msgspec.Raw(b'{"x":1}')),
}


def built(info: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    """Build any value of a field's type."""
    match info:
        case msgspec.inspect.IntType(le=most):
            return st.integers(0, min(2**40, most or 2**40))
        case msgspec.inspect.StrType(pattern=str()):
            return st.integers(1, 2**32).map(str)
        case msgspec.inspect.StrType(min_length=least):
            return st.text(letters, min_size=least or 0, max_size=20)
        case msgspec.inspect.StructType(cls=cls):
            return messages(cls)
        case msgspec.inspect.UnionType(types=types):
            return st.one_of(*(built(one) for one in types))
        case msgspec.inspect.LiteralType(values=allowed):
            return st.sampled_from(allowed)
        case msgspec.inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(built(item), max_size=3).map(tuple)
        case msgspec.inspect.TupleType(item_types=items):
            return st.tuples(*(built(item) for item in items))
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(built(key), built(value), max_size=3)
    return SCALARS[type(info)]


def messages(cls: type[Any]) -> st.SearchStrategy[Any]:
    info = msgspec.inspect.type_info(cls)
    assert isinstance(info, msgspec.inspect.StructType)
    return st.builds(cls, **{field.name: built(field.type) for field in info.fields})


KINDS = [wire.Command, wire.Event, *wire.COMMANDS.values(), *wire.EVENTS.values()]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_message_comes_back_as_it_went(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    assert wire.unpack(wire.pack(message), kind) == message
    assert wire.unpack(wire.raw(message), kind) == message


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    data=st.binary(max_size=200) | st.sampled_from([b"", b"null", b"[]", b'"x"', b"{", b"{}" * 2, b"\xff", b"1e999"])
)
def test_hostile_bytes_are_a_bad_request(kind: type[msgspec.Struct], data: bytes) -> None:
    with pytest.raises(errors.BadRequest, match=f"not a {kind.__name__}"):
        wire.unpack(data, kind)


def test_deep_nesting_is_a_bad_request() -> None:
    deep = b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(errors.BadRequest):
        wire.unpack(deep, wire.Query)


def test_a_message_over_the_limit_is_a_bad_request() -> None:
    fits = wire.pack(wire.Answer(query="q", text="x" * (wire.LIMIT - 100)))
    assert wire.unpack(fits, wire.Answer).query == "q"
    with pytest.raises(errors.BadRequest, match="over the limit"):
        wire.unpack(wire.pack(wire.Answer(query="q", text="x" * wire.LIMIT)), wire.Answer)


def test_unknown_fields_are_passed_over() -> None:
    assert wire.unpack(b'{"beat": 1, "new": {"a": []}}', wire.Heartbeat) == wire.Heartbeat(beat=1)


@pytest.mark.parametrize("data", [b'{"beat": "1"}', b'{"beat": 1.5}', b"{}", b'{"beat": null}', b'{"beat": [1]}'])
def test_values_of_another_type_are_a_bad_request(data: bytes) -> None:
    with pytest.raises(errors.BadRequest):
        wire.unpack(data, wire.Heartbeat)


def event(kind: str, body: bytes) -> wire.Event:
    return wire.Event(id="e", host="h", host_epoch=1, seq=1, kind=kind, body=msgspec.Raw(body), at=AT)  # type: ignore[arg-type]


def command(verb: str, body: bytes) -> wire.Command:
    return wire.Command(id="c", host="h", host_epoch=1, verb=verb, body=msgspec.Raw(body), expires=AT)  # type: ignore[arg-type]


def test_an_events_body_is_what_its_kind_says() -> None:
    assert wire.body_of(event("power", b'{"power":"off","reason":"x"}')) == wire.PowerSeen(power=Power.OFF, reason="x")
    assert wire.body_of(event("heartbeat", b'{"beat":3}')) == wire.Heartbeat(beat=3)


def test_a_commands_body_is_what_its_verb_says() -> None:
    goal = wire.Goal(server="s", generation=2, power=Power.GONE)
    assert wire.body_of(command("converge", wire.pack(goal))) == goal


def test_a_body_that_does_not_fit_is_a_bad_request() -> None:
    with pytest.raises(errors.BadRequest, match="not a PowerSeen"):
        wire.body_of(event("power", b'{"power":"sideways"}'))
    with pytest.raises(errors.BadRequest, match="not a Goal"):
        wire.body_of(command("converge", b'{"server":"s","generation":1,"power":"sideways"}'))


def test_every_verb_and_kind_has_a_body() -> None:
    verbs = msgspec.inspect.type_info(wire.Command).fields  # type: ignore[union-attr]
    kinds = msgspec.inspect.type_info(wire.Event).fields  # type: ignore[union-attr]
    assert set(next(f.type for f in verbs if f.name == "verb").values) == set(wire.COMMANDS)
    assert set(next(f.type for f in kinds if f.name == "kind").values) == set(wire.EVENTS)


GOAL = wire.Goal(
    server="s",
    generation=1,
    power=Power.ON,
    guest=Guest(vcpus=1, memory_mib=64, disk_gib=1),
    image=wire.ImageSource(digest="d", format="qcow2", size=1, virtual_size=2),
    drive=wire.DriveGoal(hostname="h", name="n", project="p", metadata={"a": "1", "b": "2"}),
)


def test_a_goals_digest_outlives_a_sending() -> None:
    assert GOAL.image
    sent = msgspec.structs.replace(
        GOAL, restart="hard", image=msgspec.structs.replace(GOAL.image, url="http://signed/?signature=1")
    )
    again = wire.unpack(wire.pack(sent), wire.Goal)
    assert GOAL.digest() == sent.digest() == again.digest()


def test_a_goals_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert GOAL.drive
    turned = msgspec.structs.replace(GOAL.drive, metadata={"b": "2", "a": "1"})
    assert msgspec.structs.replace(GOAL, drive=turned).digest() == GOAL.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"power": Power.OFF},
        {"image": None},
        {"drive": None},
        {"guest": None},
        {"server": "t"},
        {"placement": wire.Placement(cells=(wire.PlacedCell(cell=0, vcpus=(0,), cpus=(2,), memory_mib=64),))},
    ],
)
def test_a_goals_digest_tells_goals_apart(change: dict[str, Any]) -> None:
    assert msgspec.structs.replace(GOAL, **change).digest() != GOAL.digest()


@pytest.mark.parametrize(
    ("dhcp", "gateway", "serves"), [(True, "10.0.0.1", True), (True, None, False), (False, "10.0.0.1", False)]
)
def test_dhcp_is_served_from_a_gateway_only(dhcp: bool, gateway: str | None, serves: bool) -> None:
    assert wire.NetworkGoal(id="n", cidr="10.0.0.0/24", gateway=gateway, dhcp=dhcp).serves_dhcp is serves


CELL = wire.Cell(id=0, cpus=(0, 1, 2, 3), memory_mib=1024, siblings=((0, 2), (1, 3)), dedicated=(1, 3))
HOST = wire.Inventory(cpus=4, memory_mib=1024, disk_gib=1, disk_free_gib=1, reserved={}, cells=(CELL,))


def test_a_hosts_cpus_are_dedicated_or_shared() -> None:
    assert (HOST.dedicated, HOST.shared) == (2, 2)
    assert wire.unpack(wire.pack(HOST), wire.Inventory) == HOST


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpus": [0] * 4097},
        {"dedicated": [-1]},
        {"siblings": [[65536]]},
        {"siblings": [[0]] * 4097},
        {"pages": {str(size): 1 for size in range(1, 10)}},
        {"pages": {"many": 1}},
        {"pages": {"2048\n": 1}},
        {"id": -1},
        {"socket": -1},
    ],
)
def test_a_cell_has_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.BadRequest, match="Cell"):
        wire.unpack(msgspec.json.encode(msgspec.to_builtins(CELL) | wrong), wire.Cell)


HELD = {"id": "e", "host": "h", "host_epoch": 1, "seq": 1, "kind": "power", "body": {}, "at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"host_epoch": 1 << 31},
        {"generation": -1},
        {"seq": 1 << 54},
        {"id": "x" * 65},
        {"at": "2026-01-01T00:00:00"},
        {"at": "9999-99-99T00:00:00Z"},
        {"request_id": "a\0b"},
        {"body": {"deep": [{"er": ["a\0"]}]}},
        {"body": {"a\0": 1}},
    ],
)
def test_what_no_row_takes_is_a_bad_request(wrong: dict[str, Any]) -> None:
    assert wire.unpack(msgspec.json.encode(HELD), wire.Event).host == "h"
    with pytest.raises(errors.BadRequest):
        wire.unpack(msgspec.json.encode(HELD | wrong), wire.Event)


def test_a_text_that_only_speaks_of_a_nul_is_taken() -> None:
    text = wire.unpack(wire.pack(wire.Failed(code="x", reason="it wrote \\u0000")), wire.Failed).reason
    assert text == "it wrote \\u0000"


def test_a_path_on_a_host_is_no_part_of_its_guests_hardware() -> None:
    said = b'{"power":"on","hardware":{"machine":"q35","cpu":"x","devices":[],"emulator":"/tmp/evil"}}'
    assert b"emulator" not in wire.pack(wire.unpack(said, wire.Settled))
