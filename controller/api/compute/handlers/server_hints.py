"""Where a create's body wants its servers: its zone, which may name a host too, and its hints."""

from typing import Any

from common import errors
from controller.admission.server_hints import Where
from controller.api.compute.schemas.hints import HINTS
from controller.api.http import Request

ON_HOST = "compute:servers:create:on_host"


def wanted_place(req: Request, body: dict[str, Any]) -> Where:
    """Read it from a whole body of a create.

    :raises BadRequest: hints or hosts contradict each other, or a hint is not offered.
    :raises Forbidden: it names a host, and the caller is no operator.
    """
    zone, *named = _parts(body["server"].get("availability_zone"))
    hints = _hints(body)
    hosts = {name for name in (*named, hints.get("host")) if name}
    if hosts:
        req.allow(ON_HOST)
    if len(hosts) > 1:
        raise errors.BadRequest(f"a server goes to one host: {', '.join(sorted(hosts))} are named")
    return Where(
        zone=zone or None,
        host=hosts.pop() if hosts else None,
        group_id=hints.get("group"),
        same_host=_ids(hints.get("same_host", [])),
        different_host=_ids(hints.get("different_host", [])),
    )


def _parts(text: str | None) -> list[str]:
    """Read ``zone``, ``zone:host``, ``zone:host:node`` or ``zone::node``; a node is named as its host."""
    parts = (text or "").split(":")
    if len(parts) > 3:
        raise errors.BadRequest(f"availability_zone {text!r}: write zone, zone:host or zone:host:node")
    return parts


def _hints(body: dict[str, Any]) -> dict[str, Any]:
    given = [body[name] for name in HINTS if name in body]
    if len(given) > 1:
        raise errors.BadRequest(f"write the hints once: {' or '.join(HINTS)}")
    hints: dict[str, Any] = given[0] if given else {}
    if "query" in hints:
        raise errors.BadRequest(
            "hint query: hosts are not asked for by JSON expressions; choose a flavor whose extra specs name what its "
            "hosts have, such as trait:HW_CPU_X86_AVX2=required"
        )
    return hints


def _ids(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
