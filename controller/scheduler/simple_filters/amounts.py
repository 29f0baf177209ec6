"""What the filters of amounts have in common: enough is free, or it is not."""

from collections.abc import Sequence

from common import resources
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters.contract import Filter


def enough(name: str, resource: str) -> Filter:
    """Make a filter that wants as much of a resource free as is asked for; ``name`` is how people call it."""
    unit = resources.UNITS[resource]

    def reason(host: Candidate, ask: Ask) -> str | None:
        need, free = ask.amounts.get(resource, 0), host.free(resource)
        return None if free >= need else f"lacks {name}: needs {need} {unit}, {free} free"

    def summary(fallen: Sequence[Candidate], ask: Ask) -> str:
        verb = "lacks" if len(fallen) == 1 else "lack"
        best = max(host.free(resource) for host in fallen)
        return f"{verb} {name} (need {ask.amounts[resource]} {unit}, best has {best})"

    return Filter(name, reason, summary)
