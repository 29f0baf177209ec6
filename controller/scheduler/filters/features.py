"""Features: the host's driver can do what the guest wants."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView


def _reason(host: HostView, ask: Ask) -> Reason | None:
    missing = ask.demand.features - host.features
    return Reason("features", f"cannot do {', '.join(sorted(missing))}") if missing else None


FEATURES = Filter(Fall.FEATURES, _reason, "lacks features", "lack features")
