"""A wish: what a flavor and an image say, and how a word of theirs is read or refused."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from common import errors
from common.guest.aliases import Alias

T = TypeVar("T")


class Wish(NamedTuple):
    """A flavor's sizes and extra specs, an image's properties, and the aliases of devices that flavors may name."""

    vcpus: int
    memory_mib: int
    specs: Mapping[str, str]
    properties: Mapping[str, str]
    aliases: Mapping[str, Alias] = {}

    def flavor(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Read an extra spec; None: the flavor does not have it.

        :raises BadRequest: its value is not valid; names the key.
        """
        return read("flavor", key, self.specs.get(key), parse)

    def image(self, key: str, parse: Callable[[str], T]) -> T | None:
        """Read an image's property, likewise."""
        return read("image", key, self.properties.get(key), parse)

    def once(self, flavor_key: str, image_key: str, parse: Callable[[str], T]) -> T | None:
        """Read what either of them may say, but not both differently.

        :raises BadRequest: they differ, or one is not valid.
        """
        flavor, image = self.flavor(flavor_key, parse), self.image(image_key, parse)
        if flavor is not None and image is not None and flavor != image:
            raise self.forbidden(image_key, flavor_key)
        return image if flavor is None else flavor

    def forbidden(self, image_key: str, flavor_key: str) -> errors.BadRequest:
        """Refuse an image that wants something else than its flavor."""
        return errors.BadRequest(
            f"image property {image_key}={self.properties[image_key]!r} contradicts flavor property "
            f"{flavor_key}={self.specs[flavor_key]!r}, and an image may not override its flavor; "
            f"use another image or another flavor"
        )


def read(where: str, key: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """Read one value.

    :raises BadRequest: it is not valid; names the key.
    """
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise refused(where, key, text, str(error)) from error


def refused(where: str, key: str, text: str, why: str) -> errors.BadRequest:
    """Refuse a value; ``why`` says what it must be."""
    return errors.BadRequest(f"{where} property {key}={text!r}: {why}")
