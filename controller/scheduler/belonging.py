"""Belonging: which aggregates a server's host must be in, and which it must not, by what their metadata says.

    availability_zone            its hosts are a zone
    filter_tenant_id…            its hosts are these projects' alone, and these projects' servers go nowhere else
    instance_type                its hosts take servers of these flavors (by name) alone
    trait:NAME = required        its hosts take servers that require the trait alone
    an image property's name     its hosts take images that say one of these values, or nothing of it
    toft:policy                  pack or spread: how it is filled by those who were sent into it
    any key                      flavors may ask for it: aggregate_instance_extra_specs:KEY

Where several values are allowed, commas are between them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from common.guest import Guest, traits, words
from common.guest.keys import IMAGE_KEYS
from common.model.aggregate import DEFAULT_ZONE, Aggregate

TENANTS = "filter_tenant_id"
FLAVORS = "instance_type"
POLICY = "toft:policy"


class Bound(NamedTuple):
    """Where a server may go: see ``Demand``."""

    aggregates: tuple[frozenset[str], ...] = ()
    outside: frozenset[str] = frozenset()
    spread: bool | None = None


class Who(NamedTuple):
    """What of a server decides where it belongs. ``properties``: its image's."""

    guest: Guest
    project: str
    flavor: str
    zone: str | None = None
    properties: Mapping[str, str] = {}


class Belonging:
    """The rules that all aggregates make together."""

    def __init__(self, aggregates: Sequence[Aggregate]) -> None:
        self._all = aggregates
        self.of_images = any(not IMAGE_KEYS.isdisjoint(one.metadata) for one in aggregates)
        """Whether any of them looks at images."""

    def of(self, who: Who) -> Bound:
        """Say where a server belongs."""
        within = [named for named in (self._zone(who.zone), self._own(who.project)) if named is not None]
        within += [self._saying(key, word) for key, word in who.guest.aggregates]
        outside = [one for one in self._all if _closed(one, who)]
        if who.zone == DEFAULT_ZONE:
            outside += [one for one in self._all if one.zone not in (None, DEFAULT_ZONE)]
        return Bound(
            tuple(_ids(named) for named in within),
            _ids(outside),
            who.guest.spread if who.guest.spread is not None else _spread(within),
        )

    def _zone(self, zone: str | None) -> list[Aggregate] | None:
        """Give the aggregates that make a zone. The default one is what is in none: no aggregates make it."""
        return None if zone in (None, DEFAULT_ZONE) else [one for one in self._all if one.zone == zone]

    def _own(self, project: str) -> list[Aggregate] | None:
        """Give the aggregates that are a project's own; None: it has none."""
        return [one for one in self._all if project in (_tenants(one) or ())] or None

    def _saying(self, key: str, word: str) -> list[Aggregate]:
        test = words.test(word)
        return [one for one in self._all if any(test(value) for value in _values(one, key))]


def _closed(one: Aggregate, who: Who) -> bool:
    """Say whether an aggregate's hosts take no such server."""
    tenants = _tenants(one)
    if tenants is not None and who.project not in tenants:
        return True
    if FLAVORS in one.metadata and who.flavor not in _values(one, FLAVORS):
        return True
    return not _required(one) <= set(who.guest.traits) or _other_images(one, who.properties)


def _tenants(one: Aggregate) -> set[str] | None:
    """Give the projects that an aggregate is for; None: all."""
    keys = [key for key in one.metadata if key.startswith(TENANTS)]
    return {project for key in keys for project in _values(one, key)} if keys else None


def _required(one: Aggregate) -> set[str]:
    pairs = ((key, value) for key, value in one.metadata.items() if key.startswith(traits.PREFIX))
    return {key.removeprefix(traits.PREFIX) for key, value in pairs if value == "required"}


def _other_images(one: Aggregate, properties: Mapping[str, str]) -> bool:
    """Say whether an aggregate is for other images; one that says nothing of it is let in."""
    asked = IMAGE_KEYS & one.metadata.keys() & properties.keys()
    return any(properties[key] not in _values(one, key) for key in asked)


def _values(one: Aggregate, key: str) -> set[str]:
    return {value.strip() for value in one.metadata[key].split(",")} if key in one.metadata else set()


def _ids(aggregates: Iterable[Aggregate]) -> frozenset[str]:
    return frozenset(one.id for one in aggregates)


def _spread(within: Sequence[Sequence[Aggregate]]) -> bool | None:
    """Give the policy of the first of the sets that has one, and only one."""
    for named in within:
        said = {one.metadata[POLICY] for one in named if POLICY in one.metadata}
        if len(said) == 1:
            return said == {"spread"}
    return None
