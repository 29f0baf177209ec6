"""Messages that were not let in: how many of each kind, and from whom.

| kind | side | what |
|---|---|---|
| malformed | both | cannot be read, or is over a limit |
| wrong-sender | controller | it says to be of another host than the broker heard |
| over-rate | controller | its host says more than it may |
| unknown-host | controller | its host was never enrolled |
| refused-host | controller | a hello of a host that may not come in |
| old-epoch | both | of an epoch that is not the present one |
| not-its-server | controller | about a server that is not on that host |
| ahead | controller | about a generation that nobody wished yet |
| unsigned, unknown-key, forged | agent | its signature is missing, of another key, or does not fit |
| other-host | agent | a command for another host |
| expired | agent | a command that came too late |
"""

import logging
from collections import Counter
from typing import ClassVar

from common import errors

KINDS = frozenset(
    {
        "malformed",
        "wrong-sender",
        "over-rate",
        "unknown-host",
        "refused-host",
        "old-epoch",
        "not-its-server",
        "ahead",
        "unsigned",
        "unknown-key",
        "forged",
        "other-host",
        "expired",
    }
)

SENDERS = 4096
"""Pairs of kind and host that are told apart; an attacker who makes up hosts is counted as one."""

OTHERS = "others"


class Refused(errors.BadRequest):
    """A message that is not let in; ``kind`` is one of those in the table above."""

    code: ClassVar[str] = "refused"

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Refusals:
    """Counts them; the first of each kind and host is logged, the others only counted."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.counts: Counter[tuple[str, str]] = Counter()

    def count(self, kind: str, host: str, why: str = "") -> None:
        """Note one that ``host`` is said to have sent."""
        assert kind in KINDS, kind
        if (kind, host) not in self.counts and len(self.counts) >= SENDERS:
            host = OTHERS
        self.counts[kind, host] += 1
        if self.counts[kind, host] == 1:
            told = f": {why}" if why else ""
            self._log.warning("%s from %s is refused%s; more of these are only counted", kind, host, told)

    def of(self, kind: str) -> int:
        """Give how many of a kind there were, from all hosts."""
        return sum(count for (each, _host), count in self.counts.items() if each == kind)

    def by_kind(self, host: str) -> dict[str, int]:
        """Give how many of each kind a host sent."""
        return {kind: count for (kind, each), count in sorted(self.counts.items()) if each == host}
