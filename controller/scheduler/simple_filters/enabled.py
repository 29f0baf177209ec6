"""Enabled: an operator may keep new servers away from a host."""

from collections.abc import Sequence

from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters.contract import Filter


def _reason(host: Candidate, _ask: Ask) -> str | None:
    return None if host.shelf.enabled else f"disabled: {host.shelf.disabled_reason or 'no reason given'}"


def _summary(_fallen: Sequence[Candidate], _ask: Ask) -> str:
    return "disabled"


ENABLED = Filter("enabled", _reason, _summary)
