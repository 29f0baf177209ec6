"""Up: the host's agent answers, and its lease has not run out."""

from collections.abc import Sequence

from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters.contract import Filter


def _reason(host: Candidate, _ask: Ask) -> str | None:
    return (
        None if host.up else f"not up: its agent is {host.shelf.state}, lease to {host.shelf.lease_until:%H:%M:%S} UTC"
    )


def _summary(_fallen: Sequence[Candidate], _ask: Ask) -> str:
    return "not up"


UP = Filter("up", _reason, _summary)
