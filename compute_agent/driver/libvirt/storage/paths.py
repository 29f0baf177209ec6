"""Where files are. Every path comes from a uuid or a digest, checked here, so that nothing else is ever touched."""

import re
from pathlib import Path

from common import errors
from common.ids import is_uuid

DIGEST = re.compile(r"[0-9a-f]{64}")

PASSABLE = 0o711
"""Mode of the folders: the QEMU user passes through, and cannot list."""


class Paths:
    """The folders of the agent's files below the state folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instances = root / "instances"
        self.cache = root / "cache"

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.root, self.instances, self.cache):
            make_passable(folder)

    def instance(self, server: str) -> Path:
        """Give a server's folder.

        :raises HypervisorError: ``server`` is not a uuid.
        """
        if not is_uuid(server):
            raise errors.HypervisorError(f"not a server's id: {server!r}")
        return self.instances / server

    def disk(self, server: str) -> Path:
        """Give a server's root disk."""
        return self.instance(server) / "disk.qcow2"

    def drive(self, server: str) -> Path:
        """Give a server's config drive."""
        return self.instance(server) / "config.iso"

    def console(self, server: str) -> Path:
        """Give a server's console log; virtlogd keeps older parts beside it as .0, .1, .2."""
        return self.instance(server) / "console.log"

    def ssh_port(self, server: str) -> Path:
        """Give the note of a server's forwarded SSH port (user-mode networking)."""
        return self.instance(server) / "ssh_port"

    def image(self, digest: str, kind: str) -> Path:
        """Give a cached image.

        :raises HypervisorError: ``digest`` is not a SHA-256.
        """
        if not DIGEST.fullmatch(digest) or kind not in ("qcow2", "raw"):
            raise errors.HypervisorError(f"not an image: {digest!r} ({kind!r})")
        return self.cache / f"{digest}.{kind}"


def make_passable(folder: Path) -> None:
    """Have a folder that the QEMU user can pass through."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(PASSABLE)
