"""All classes of nodes, and hypothesis strategies that make any of them."""

import dataclasses
from functools import cache
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from compute_agent.domain_xml import caps, devices, domain, network, qemu, tuning
from compute_agent.domain_xml.mapping import INT, ON_OFF, YES_NO, Node, Place

CLASSES: tuple[type[Node], ...] = tuple(
    found
    for module in (devices, domain, network, qemu, tuning, caps)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Node) and found.__module__ == module.__name__
)

# whatever XML carries through a reader unchanged
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=6)


def _value(kind: type[Node], field: str, place: Place) -> st.SearchStrategy[Any]:
    if place.kind == "child":
        return instances(place.nodes[0])
    if place.kind == "children":
        return st.lists(st.one_of(*(instances(node) for node in place.nodes)), max_size=1).map(tuple)
    if place.kind == "flag" or place.codec in (YES_NO, ON_OFF):
        return st.booleans()
    if place.codec is INT:
        return st.integers()
    return TEXT.filter(bool) if place.kind == "text" else TEXT


@cache
def instances(kind: type[Node]) -> st.SearchStrategy[Node]:
    """Make any instance of a class; what may be None sometimes is."""
    hints = get_type_hints(kind)
    made = {}
    for field, place in kind.PLACES:
        value = _value(kind, field, place)
        made[field] = st.none() | value if type(None) in get_args(hints[field]) else value
    return st.builds(kind, **made)


def occurring(node: Node) -> set[tuple[type[Node], str]]:
    """Give each (class, field) that has a value in this tree."""
    found: set[tuple[type[Node], str]] = set()
    for field in dataclasses.fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        if value is not None and value is not False and value != ():
            found.add((type(node), field.name))
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Node):
                found |= occurring(inner)
    return found
