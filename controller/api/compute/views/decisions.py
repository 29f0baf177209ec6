"""Placement decisions as JSON: counts and what would fit for tenants, hosts for operators too."""

from collections.abc import Mapping
from typing import Any

from common.model.decision import Change, DecisionRecord, Fallen, NearMiss

PRECISE = "%Y-%m-%dT%H:%M:%S.%fZ"


def decision(made: DecisionRecord, names: Mapping[str, str] | None) -> dict[str, Any]:
    """Show a decision.

    :param names: hosts' names by id; None: the reader may not know hosts.
    """
    operator = names is not None
    shown: dict[str, Any] = {
        "at": made.at.strftime(PRECISE),
        "placed": made.host_id is not None,
        "reason": made.reason,
        "hosts_seen": made.hosts,
        "fallen": [fallen(one, operator) for one in made.fallen],
        "fits": [change(one, operator) for one in made.changes],
    }
    if names is None:
        return shown
    return shown | {
        "host": names.get(made.host_id, made.host_id) if made.host_id else None,
        "best": [{"host": one.host, "score": one.score, "terms": one.terms} for one in made.best],
        "near": [missed(one) for one in made.near],
        "inputs": made.inputs,
    }


def fallen(one: Fallen, operator: bool) -> dict[str, Any]:
    """Show what a filter did."""
    shown = {"filter": one.filter, "hosts": one.hosts, "codes": list(one.codes)}
    return shown | {"reasons": one.reasons} if operator else shown


def missed(one: NearMiss) -> dict[str, Any]:
    """Show a host that almost fitted."""
    return {"host": one.host, "missing": list(one.missing)}


def change(one: Change, operator: bool) -> dict[str, Any]:
    """Show what would let the server fit."""
    shown = {"code": one.code, "text": one.text}
    return shown | {"hosts": one.hosts} if operator and one.hosts else shown
