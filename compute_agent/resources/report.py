"""How a look at the hypervisor and the journal together make the list of a host's servers."""

from collections.abc import Mapping

from common.states import Power
from common.wire import Present
from compute_agent.driver.contract import Listing
from compute_agent.journal import Entry


def present(
    listing: Listing, entries: Mapping[str, Entry], unsure: frozenset[str], stuck: Mapping[str, str]
) -> tuple[Present, ...]:
    """List the servers of ours: those with a domain and those with a goal; a deleted one only if it is there again.

    :param unsure: servers that were worked on since the look began: their power is what was last told.
    :param stuck: lane -> the call in it that does not come back.
    """
    domains = {domain.server: domain for domain in listing.present}
    servers = sorted(domains.keys() | {server for server, entry in entries.items() if not entry.tombstone})
    lines = []
    for server in servers:
        domain, entry = domains.get(server), entries.get(server)
        power = domain.power if domain else Power.GONE
        reason = stuck.get(f"server:{server}", domain.reason if domain else "")
        if entry is None:
            lines.append(
                Present(server=server, generation=domain.generation if domain else 0, power=power, reason=reason)
            )
            continue
        if server in unsure and entry.seen is not None:
            power = entry.seen
        if entry.failed is not None:
            reason = entry.failed.reason
        lines.append(
            Present(
                server=server,
                generation=entry.goal.generation,
                power=power,
                settled=entry.state == "settled",
                reason=reason,
            )
        )
    return tuple(lines)
