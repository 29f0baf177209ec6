"""Map dataclass fields to places in an XML document, both ways.

    @element("watchdog")
    class Watchdog(Node):
        \"\"\"A watchdog card.\"\"\"

        model: str = attr()
        action: str = attr(default="reset")

    Watchdog(model="i6300esb").to_xml()
    Watchdog.from_xml(text)

Reading is tolerant: what a class does not declare is passed over, and an optional value that cannot be understood, or
a text that is empty, is read as its default. Writing is strict: characters that XML cannot carry are refused.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal, Self, TypeVar, dataclass_transform
from xml.etree import ElementTree as ET

from common import errors

N = TypeVar("N", bound="Node")

# carriage returns are legal but do not survive being read back
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclasses.dataclass(frozen=True, slots=True)
class Codec:
    """How a Python value is written as XML text, and read back; reading raises ValueError or KeyError."""

    encode: Callable[[Any], str]
    decode: Callable[[str], Any]


TEXT = Codec(str, str)
INT = Codec(str, int)
YES_NO = Codec(lambda value: "yes" if value else "no", {"yes": True, "no": False}.__getitem__)
ON_OFF = Codec(lambda value: "on" if value else "off", {"on": True, "off": False}.__getitem__)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a field lives: below its element along ``path``, then as an attribute, text, flag or nested elements."""

    kind: Literal["attr", "text", "flag", "child", "children"]
    path: tuple[str, ...] = ()
    name: str = ""
    codec: Codec = TEXT
    nodes: tuple[type["Node"], ...] = ()


def _field(place: Place, options: dict[str, Any]) -> Any:
    return dataclasses.field(metadata={"place": place}, **options)


def _path(at: str) -> tuple[str, ...]:
    return tuple(at.split("/")) if at else ()


def attr(at: str = "", name: str = "", *, codec: Codec = TEXT, **options: Any) -> Any:
    """Keep a value in an attribute of the element ``at`` (this one when empty), named as the field unless told."""
    return _field(Place("attr", _path(at), name, codec), options)


def text(at: str = "", *, codec: Codec = TEXT, **options: Any) -> Any:
    """Keep a value as the text of the element ``at`` (this one when empty)."""
    return _field(Place("text", _path(at), codec=codec), options)


def flag(at: str, **options: Any) -> Any:
    """Keep a truth as an empty element that is there or not, like ``<acpi/>``."""
    return _field(Place("flag", _path(at)), options)


def child(node: type["Node"], at: str = "", **options: Any) -> Any:
    """Keep one nested element."""
    return _field(Place("child", _path(at), nodes=(node,)), options)


def children(*nodes: type["Node"], at: str = "", **options: Any) -> Any:
    """Keep a tuple of nested elements of these classes, in document order."""
    return _field(Place("children", _path(at), nodes=nodes), options)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attr, text, flag, child, children))
def element(tag: str, namespace: str = "", prefix: str = "") -> Callable[[type[N]], type[N]]:
    """Make a class the frozen dataclass of one XML element.

    :param namespace: of the element's name; ``prefix`` is how it is written.
    """

    def wrap(cls: type[N]) -> type[N]:
        made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        made.TAG = f"{{{namespace}}}{tag}" if namespace else tag
        if namespace:
            ET.register_namespace(prefix, namespace)
        made.PLACES = tuple(_places(made))
        return made

    return wrap


def _places(cls: type["Node"]) -> Iterator[tuple[str, Place]]:
    """Give each field's place, an attribute's name filled in."""
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # element() made it a dataclass
        place: Place = field.metadata["place"]
        yield field.name, dataclasses.replace(place, name=place.name or field.name)


class Node:
    """Base of every class written with :func:`element`."""

    TAG: ClassVar[str]
    PLACES: ClassVar[tuple[tuple[str, Place], ...]] = ()

    def to_element(self) -> ET.Element:
        """Write this as an element.

        :raises BadRequest: a value holds a character that XML cannot carry.
        """
        root = ET.Element(self.TAG)
        for field, place in self.PLACES:
            value = getattr(self, field)
            if value is not None:
                _WRITERS[place.kind](root, place, value)
        return root

    @classmethod
    def from_element(cls, root: ET.Element) -> Self:
        """Read an element.

        :raises HypervisorError: it is another one, or lacks a value that must be there.
        """
        if root.tag != cls.TAG:
            raise errors.HypervisorError(f"expected <{cls.TAG}>, found <{root.tag}>")
        values: dict[str, Any] = {}
        for field, place in cls.PLACES:
            spot = root.find("/".join(place.path)) if place.path else root
            if spot is not None and (value := _READERS[place.kind](spot, place)) is not None:
                values[field] = value
        try:
            return cls(**values)
        except TypeError as error:
            raise errors.HypervisorError(f"<{cls.TAG}> is not complete: {error}") from error

    def to_xml(self) -> str:
        """Write this as an indented document.

        :raises BadRequest: a value holds a character that XML cannot carry.
        """
        root = self.to_element()
        ET.indent(root)
        return ET.tostring(root, encoding="unicode") + "\n"

    @classmethod
    def from_xml(cls, document: str) -> Self:
        """Read a document.

        :raises HypervisorError: it is not XML, is another element, or lacks a value that must be there.
        """
        try:
            root = ET.fromstring(document)  # noqa: S314 - from the host's own libvirt
        except ET.ParseError as error:
            raise errors.HypervisorError(f"not XML: {error}") from error
        return cls.from_element(root)


def _legal(value: str) -> str:
    found = _ILLEGAL.search(value)
    if found:
        raise errors.BadRequest(f"character U+{ord(found[0]):04X} cannot be part of a guest's definition")
    return value


def _dig(root: ET.Element, path: tuple[str, ...]) -> ET.Element:
    """Go down the path, making what is not there."""
    for tag in path:
        found = root.find(tag)
        root = ET.SubElement(root, tag) if found is None else found
    return root


def _write_attr(root: ET.Element, place: Place, value: Any) -> None:
    _dig(root, place.path).set(place.name, _legal(place.codec.encode(value)))


def _write_text(root: ET.Element, place: Place, value: Any) -> None:
    _dig(root, place.path).text = _legal(place.codec.encode(value))


def _write_flag(root: ET.Element, place: Place, value: bool) -> None:
    if value:
        _dig(root, place.path)


def _write_child(root: ET.Element, place: Place, value: Node) -> None:
    _dig(root, place.path).append(value.to_element())


def _write_children(root: ET.Element, place: Place, value: tuple[Node, ...]) -> None:
    if value:
        _dig(root, place.path).extend(node.to_element() for node in value)


def _decoded(place: Place, raw: str | None) -> Any:
    try:
        return None if raw is None else place.codec.decode(raw)
    except (ValueError, KeyError):
        return None


def _read_attr(spot: ET.Element, place: Place) -> Any:
    return _decoded(place, spot.get(place.name))


def _read_text(spot: ET.Element, place: Place) -> Any:
    return _decoded(place, spot.text)


def _read_flag(spot: ET.Element, place: Place) -> bool:
    return True


def _read_child(spot: ET.Element, place: Place) -> Node | None:
    found = spot.find(place.nodes[0].TAG)
    return None if found is None else place.nodes[0].from_element(found)


def _read_children(spot: ET.Element, place: Place) -> tuple[Node, ...]:
    by_tag = {node.TAG: node for node in place.nodes}
    return tuple(by_tag[found.tag].from_element(found) for found in spot if found.tag in by_tag)


_WRITERS: dict[str, Callable[[ET.Element, Place, Any], None]] = {
    "attr": _write_attr,
    "text": _write_text,
    "flag": _write_flag,
    "child": _write_child,
    "children": _write_children,
}
_READERS: dict[str, Callable[[ET.Element, Place], Any]] = {
    "attr": _read_attr,
    "text": _read_text,
    "flag": _read_flag,
    "child": _read_child,
    "children": _read_children,
}
