"""Open: the ledger closed the host, because it has less than is used."""

from collections.abc import Sequence

from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters.contract import Filter


def _reason(host: Candidate, _ask: Ask) -> str | None:
    return f"closed: {host.shelf.closed}" if host.shelf.closed else None


def _summary(_fallen: Sequence[Candidate], _ask: Ask) -> str:
    return "closed"


OPEN = Filter("open", _reason, _summary)
