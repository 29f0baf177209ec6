"""What a decision was made from, as JSON without what is default, so that it can be made again."""

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from controller.scheduler.terms import Ask, Demand, GroupAsk, Place


def write(ask: Ask, place: Place | None, demand: object = None) -> dict[str, object]:
    """Give an ask and where it went on its host; sets are sorted, so that equal asks look equal.

    :param demand: its demand, if that was made ``slim`` before.
    """
    told: dict[str, object] = {"demand": demand or slim(ask.demand), "seed": ask.seed}
    if ask.only is not None:
        told["only"] = sorted(ask.only)
    if ask.never:
        told["never"] = sorted(ask.never)
    if ask.group:
        told["group"] = [ask.group.id, ask.group.policy.value, ask.group.limit]
    if place and (place.cells or place.devices):
        told["place"] = slim(place)
    return told


def read(server: str, told: Mapping[str, Any]) -> Ask:
    """Give the ask that was written.

    :raises msgspec.ValidationError: it is none.
    """
    group = told.get("group")
    return Ask(
        server=server,
        demand=msgspec.convert(told["demand"], Demand),
        seed=told["seed"],
        only=frozenset(told["only"]) if "only" in told else None,
        never=frozenset(told.get("never", ())),
        group=msgspec.convert(group, GroupAsk) if group else None,
    )


def place(host: str, told: Mapping[str, Any]) -> Place:
    """Give where it went.

    :raises msgspec.ValidationError: that is no place.
    """
    return msgspec.convert(told.get("place", {"host": host}), Place)


def slim(value: Any) -> Any:
    """Give a struct of the scheduler's terms as plain values, without the fields that have their default."""
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        usual = _defaults(type(value))
        return {name: slim(field) for name, field in fields if name not in usual or field != usual[name]}
    if isinstance(value, tuple | list):
        return [slim(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): slim(item) for key, item in value.items()}
    return value


_usual: dict[type, dict[str, Any]] = {}


def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    if kind not in _usual:
        fields = msgspec.structs.fields(kind)
        made = {f.name: f.default_factory() for f in fields if f.default_factory is not msgspec.NODEFAULT}
        _usual[kind] = made | {f.name: f.default for f in fields if f.default is not msgspec.NODEFAULT}
    return _usual[kind]
