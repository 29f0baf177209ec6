"""Who this host is: an id made once, its name, this boot, this version."""

import socket
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from common import errors
from common.durable import written_whole
from common.ids import Ids, is_uuid
from common.settings import Settings
from compute_agent.resources import probe


class Identity(NamedTuple):
    """A host as it introduces itself. ``host`` is its uuid; ``boot_id`` is new after each start of the machine.

    ``began`` is when this process began to be its agent, in monotonic seconds of this boot.
    """

    host: str
    name: str
    boot_id: str
    version: str
    began: float = 0.0


def identity(settings: Settings, ids: Ids) -> Identity:
    """Say who this host is, by the settings or by the machine.

    :raises SettingsError: the host id is not a uuid.
    """
    return Identity(
        host=host_id(settings, ids),
        name=settings.agent.name or socket.gethostname(),
        boot_id=settings.agent.boot_id or probe.boot_id(),
        version=version("toft"),
    )


def folder(settings: Settings) -> Path:
    """Give the folder of the agent's own files, made where it is missing."""
    path = Path(settings.state.path) / "agent"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def host_id(settings: Settings, ids: Ids) -> str:
    """Give the host's uuid: the setting, else the one made once and kept in the state folder.

    :raises SettingsError: it is not a uuid.
    """
    file = folder(settings) / "host_id"
    found = settings.agent.host_id or (file.read_text().strip() if file.exists() else "")
    if not found:
        found = ids()
        # complete or not there at all: a host that lost half of its id would be another host
        with written_whole(file) as new:
            new.write(f"{found}\n".encode())
    if not is_uuid(found):
        raise errors.SettingsError(f"the host id {found!r} is not a uuid; see [agent] host_id and {file}")
    return found.lower()
