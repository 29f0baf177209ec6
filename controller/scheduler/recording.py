"""Recordings as JSON: what ``GET /toft/v1/recording`` gives, page upon page, in one document."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from common import errors
from controller.scheduler import inputs
from controller.scheduler.replay import Recording, Taken
from controller.scheduler.terms import HostView


class _Decision(msgspec.Struct):
    server: str
    at: datetime
    inputs: dict[str, Any]
    host: str | None = None
    ended_at: datetime | None = None


class _Document(msgspec.Struct):
    since: datetime
    until: datetime
    hosts: list[dict[str, Any]]
    decisions: list[_Decision]


def read(text: bytes) -> Recording:
    """Read a recording.

    :raises BadRequest: it is none; says where.
    """
    try:
        told = msgspec.json.decode(text, type=_Document)
        hosts = [msgspec.convert(host, HostView, strict=False) for host in told.hosts]
        return Recording(told.since, told.until, hosts, [_taken(one) for one in told.decisions])
    except (msgspec.DecodeError, KeyError) as error:
        raise errors.BadRequest(f"this is no recording: {error}") from error


def _taken(one: _Decision) -> Taken:
    place = inputs.place(one.host, one.inputs) if one.host else None
    return Taken(one.at, one.ended_at, inputs.read(one.server, one.inputs), place)


def joined(pages: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the pages of a recording as one document."""
    decisions = [one for page in pages for one in page["decisions"]]
    first = pages[0]
    whole = {"since": first["since"], "until": first["until"], "hosts": first["hosts"], "decisions": decisions}
    return msgspec.json.encode(whole)
