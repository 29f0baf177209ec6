"""The policy that the settings choose."""

from common import settings
from controller.scheduler.score import Policy, Weights


def policy(chosen: settings.Scheduler) -> Policy:
    """Give how hosts are filled where neither flavor nor aggregate says so."""
    weights = Weights(**{name: getattr(chosen, f"weight_{name}") for name in Weights._fields})
    return Policy(spread=chosen.policy == "spread", weights=weights)
