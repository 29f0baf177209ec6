"""Features: the host's driver can do what the guest wants."""

from collections.abc import Sequence

from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters.contract import Filter


def _missing(host: Candidate, ask: Ask) -> list[str]:
    return sorted(ask.features - host.shelf.features)


def _reason(host: Candidate, ask: Ask) -> str | None:
    missing = _missing(host, ask)
    return f"lacks features: {', '.join(missing)}" if missing else None


def _summary(fallen: Sequence[Candidate], ask: Ask) -> str:
    verb = "lacks" if len(fallen) == 1 else "lack"
    missing = sorted({feature for host in fallen for feature in _missing(host, ask)})
    return f"{verb} features ({', '.join(missing)})"


FEATURES = Filter("features", _reason, _summary)
