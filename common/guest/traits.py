"""Traits that the host must have, or must not: ``trait:NAME``."""

from collections.abc import Iterable
from functools import cache

import os_traits

from common import errors
from common.guest.values import custom, one_of
from common.guest.wish import Wish

PREFIX = "trait:"


def traits(wish: Wish) -> dict[str, object]:
    """Read the traits; an image may require some, too.

    :raises BadRequest: there is no such trait, or what one requires the other forbids.
    """
    flavor = {key: wish.flavor(key, one_of("required", "forbidden")) for key in _keys(wish.specs)}
    image = {key: wish.image(key, one_of("required")) for key in _keys(wish.properties)}
    for key in [*flavor, *image]:
        _known(key)
    for key in image:
        if flavor.get(key) == "forbidden":
            raise wish.forbidden(key, key)
    required = {key for key, word in (flavor | image).items() if word == "required"}
    return {"traits": _names(required), "forbidden": _names(set(flavor) - required)}


def _keys(given: Iterable[str]) -> list[str]:
    return sorted(key for key in given if key.startswith(PREFIX))


def _names(keys: set[str]) -> tuple[str, ...]:
    return tuple(sorted(key.removeprefix(PREFIX) for key in keys))


def _known(key: str) -> None:
    name = key.removeprefix(PREFIX)
    if name not in _standard() and not custom(name):
        raise errors.BadRequest(
            f"property {key}: there is no trait {name}; it is a standard one (os-traits) "
            f"or CUSTOM_ and capital letters, digits and _"
        )


@cache
def _standard() -> frozenset[str]:
    return frozenset(os_traits.get_traits())
