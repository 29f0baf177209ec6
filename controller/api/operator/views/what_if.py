"""Answers to what would be, as JSON; for operators, so hosts are named."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.api.compute.views.decisions import change, fallen, missed
from controller.scheduler.fit import Fit
from controller.scheduler.landing import Landing
from controller.scheduler.room import Plan
from controller.scheduler.terms import HostView


def fit(found: Fit, hosts: Mapping[str, int], seen: int) -> dict[str, Any]:
    """Show how many fit and where; and, where not all do, why one more does not.

    :param hosts: how many each takes, by name.
    :param seen: how many hosts there are.
    """
    shown: dict[str, Any] = {"fits": found.servers, "hosts": dict(hosts), "hosts_seen": seen, "binds": None}
    if found.binds:
        shown["binds"] = {
            "fallen": [fallen(one, operator=True) for one in found.binds.fallen],
            "near": [missed(one) for one in found.binds.near],
            "fits": [change(one, operator=True) for one in found.binds.changes],
        }
    return shown


def room(found: Plan, names: Mapping[str, str], host: Callable[[str], str]) -> dict[str, Any]:
    """Show what to move.

    :param names: servers' names by id.
    :param host: gives a host's name.
    """
    moves = [
        {"server": move.server, "name": names.get(move.server, ""), "from": host(move.source), "to": host(move.target)}
        for move in found.moves
    ]
    target = host(found.host) if found.host else None
    return {"host": target, "moves": moves, "tried": found.tried, "whole": found.whole}


def fragmentation(found: Mapping[str, Landing], hosts: Sequence[HostView]) -> dict[str, Any]:
    """Show what of each flavor lands, on the fleet and on these hosts."""
    return {
        "flavors": [
            {
                "name": name,
                "lands": one.lands,
                "held": one.held,
                "hosts": len(one.hosts),
                "fragmentation": round(one.fragmentation, 4),
            }
            for name, one in found.items()
        ],
        "hosts": [
            {
                "name": host.name,
                "servers": host.servers,
                "shut": host.shut,
                "lands": {name: one.hosts.get(host.id, 0) for name, one in found.items()},
            }
            for host in hosts
        ],
    }
