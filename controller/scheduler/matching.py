"""Each want gets a thing of its own, if there is a way at all."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


def match(wants: Sequence[Sequence[Thing]]) -> list[Thing] | None:
    """Give each want one of the things that it could have, no thing twice; None where that cannot be.

    Things are tried in their order, so the first ones are preferred; a want that came earlier gives way to another
    thing of its own if that helps a later one (augmenting paths).
    """
    holder: dict[Thing, int] = {}
    if not all(_serve(want, wants, holder, set()) for want in range(len(wants))):
        return None
    had = {want: thing for thing, want in holder.items()}
    return [had[want] for want in range(len(wants))]


def _serve(want: int, wants: Sequence[Sequence[Thing]], holder: dict[Thing, int], seen: set[Thing]) -> bool:
    for thing in wants[want]:
        if thing not in seen:
            seen.add(thing)
            if thing not in holder or _serve(holder[thing], wants, holder, seen):
                holder[thing] = want
                return True
    return False
