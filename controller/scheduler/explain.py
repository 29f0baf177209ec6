"""Why: the words of a decision, for the tenant in one line and for operators in a record."""

from collections.abc import Mapping, Sequence

from common.model.decision import Fallen, NearMiss
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters import FILTERS

EXAMPLES = 10
"""Reasons kept for each filter; a record does not grow with the number of hosts."""

NEAR = 3

Reasons = Mapping[str, str]
"""What each filter said of one host, by the filter's name, in their order; empty: it fits."""


def reasons(host: Candidate, ask: Ask) -> dict[str, str]:
    """Ask every filter about a host."""
    said = ((one.name, one.reason(host, ask)) for one in FILTERS)
    return {name: why for name, why in said if why is not None}


def no_valid_host(judged: Sequence[tuple[Candidate, Reasons]], ask: Ask) -> str:
    """Say in one line why no host takes a server; each host counts where it fell first."""
    if not judged:
        return "No valid host: there are no hosts"
    parts = []
    for one in FILTERS:
        fallen = [host for host, why in judged if next(iter(why)) == one.name]
        if fallen:
            parts.append((len(fallen), f"{len(fallen)} {one.summary(fallen, ask)}"))
    parts.sort(key=lambda part: -part[0])
    hosts = "1 host" if len(judged) == 1 else f"{len(judged)} hosts"
    return f"No valid host: {hosts}; {', '.join(text for _, text in parts)}"


def fallen(judged: Sequence[tuple[Candidate, Reasons]]) -> tuple[Fallen, ...]:
    """Give, for each filter, how many hosts fell at it first, and why the first few did."""
    listed = []
    for one in FILTERS:
        here = {host.name: why[one.name] for host, why in judged if next(iter(why), None) == one.name}
        if here:
            listed.append(Fallen(filter=one.name, hosts=len(here), reasons=dict(list(here.items())[:EXAMPLES])))
    return tuple(listed)


def near_misses(judged: Sequence[tuple[Candidate, Reasons]], ask: Ask) -> tuple[NearMiss, ...]:
    """Give the hosts that almost fit, the nearest first, and all that each of them lacks."""
    missed = sorted(
        ((host, why) for host, why in judged if why), key=lambda it: (len(it[1]), _lacking(it[0], ask), it[0].name)
    )
    return tuple(NearMiss(host=host.name, missing=tuple(why.values())) for host, why in missed[:NEAR])


def _lacking(host: Candidate, ask: Ask) -> float:
    """Give what is missing as a share of what is asked for, summed over resources."""
    return sum(max(0, need - host.free(name)) / need for name, need in ask.amounts.items() if need)
