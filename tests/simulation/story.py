"""A run as a person reads it: when, who, what; a fault has an asterisk, and ids are their last four digits."""

import re
from collections.abc import Iterable, Iterator

from tests.simulation.trace import Line

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4})")
SHORT = r"..\1"
ROUTINE = re.compile(
    r"^(tenure|watch): commits|in report:|^says (heartbeat|states|usage|inventory|, )+$|^takes (lease|, )+$"
)
"""What happens every few seconds anyway."""


def story(lines: Iterable[Line]) -> Iterator[str]:
    """Write the lines of a run, those of one moment together, without what is only routine."""
    last = None
    for line in lines:
        if not line.fault and ROUTINE.search(line.what):
            continue
        moment = " " * 11 if line.at == last else f"{line.at:9.2f} s"
        last = line.at
        yield f"{moment} {'*' if line.fault else ' '} {line.who:<14} {UUID.sub(SHORT, line.what)}"
