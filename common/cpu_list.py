"""CPU lists, as the kernel and libvirt write them: ``0-3,8,^2``."""

import re
from collections.abc import Iterable

LIMIT = 4096
"""CPUs are numbered below this."""

_PART = re.compile(r"(\^?)([0-9]{1,5})(?:-([0-9]{1,5}))?")


def parse(text: str) -> frozenset[int]:
    """Read a list of CPUs; what follows a ``^`` is taken out. Empty text is no CPU.

    :raises ValueError: it is no such list; says so in words that follow the list's name.
    """
    taken: dict[str, set[int]] = {"": set(), "^": set()}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"must be a list of CPUs such as 0-3,8,^2; {part!r} is none")
        sign, first, last = match.groups()
        taken[sign].update(_range(int(first), int(last or first), part))
    return frozenset(taken[""] - taken["^"])


def _range(first: int, last: int, part: str) -> range:
    if not first <= last < LIMIT:
        raise ValueError(f"must be a list of CPUs below {LIMIT}, each range upwards; {part!r} is not")
    return range(first, last + 1)


def text(cpus: Iterable[int]) -> str:
    """Write a list of CPUs, ranges together."""
    ranges: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if ranges and ranges[-1][-1] == cpu - 1:
            ranges[-1][1:] = [cpu]
        else:
            ranges.append([cpu])
    return ",".join("-".join(map(str, bounds)) for bounds in ranges)
