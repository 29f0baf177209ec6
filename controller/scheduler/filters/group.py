"""Group: the server's group wants its members together, or apart. A soft wish excludes no host."""

from controller.scheduler.filters.contract import Filter, Reason
from controller.scheduler.terms import Ask, Fall, HostView, Together


def _reason(host: HostView, ask: Ask) -> Reason | None:
    """Judge a host; an affinity group that has no members yet is not to be asked about."""
    if ask.group is None:
        return None
    here = host.groups.get(ask.group.id, 0)
    if ask.group.policy is Together.AFFINITY and not here:
        return Reason("group-together", "has none of the group, whose members are elsewhere")
    if ask.group.policy is Together.ANTI_AFFINITY and here >= ask.group.limit:
        return Reason("group-apart", f"has {here} of the group already, {ask.group.limit} may be on one host")
    return None


GROUP = Filter(Fall.GROUP, _reason, "is excluded by the server group", "are excluded by the server group")
