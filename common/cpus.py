"""Lists of CPUs as the kernel, libvirt and the settings write them: ``2-5,8``."""

from collections.abc import Iterable, Iterator

MOST = 65536
"""CPUs have lower numbers than this."""


def parse(text: str) -> tuple[int, ...]:
    """Read a list of CPUs; gives each once, in order. An empty text is none.

    :raises ValueError: it is no such list; says which part is not.
    """
    return tuple(sorted({cpu for part in text.split(",") if text.strip() for cpu in _span(part.strip())}))


def _span(part: str) -> range:
    first, dash, last = part.partition("-")
    ends = (first, last) if dash else (first, first)
    if not all(end.isascii() and end.isdecimal() and int(end) < MOST for end in ends):
        raise ValueError(f"{part!r} is no CPU and no range of CPUs like 2-5")
    low, high = map(int, ends)
    if low > high:
        raise ValueError(f"the range {part!r} runs backwards")
    return range(low, high + 1)


def written(cpus: Iterable[int]) -> str:
    """Write a list of CPUs, neighbours as ranges."""
    return ",".join(f"{low}-{high}" if high > low else str(low) for low, high in _runs(sorted(set(cpus))))


def _runs(cpus: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for place, cpu in enumerate(cpus):
        if place + 1 == len(cpus) or cpus[place + 1] != cpu + 1:
            yield cpus[start], cpu
            start = place + 1
