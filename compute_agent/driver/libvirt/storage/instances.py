"""A server's own files: root disk, config drive, console log, notes."""

import re
import shutil
from pathlib import Path

from common import errors
from common.durable import PART, put_in_place
from common.ids import is_uuid
from common.wire import DriveGoal, ImageSource, PortGoal
from compute_agent import config_drive
from compute_agent.driver.libvirt.storage import qemu_img
from compute_agent.driver.libvirt.storage.images import GIB, ImageCache
from compute_agent.driver.libvirt.storage.paths import Paths, make_passable

CONSOLE_BYTES = 256 * 1024
"""Bytes of a console that are given at most."""

ROTATED = (".2", ".1", ".0", "")
"""What virtlogd adds to the names of a log's parts, the oldest first."""


class Instances:
    """The files of all servers on this host."""

    def __init__(self, paths: Paths, images: ImageCache) -> None:
        self._paths = paths
        self._images = images

    def ensure_disk(self, server: str, image: ImageSource, disk_gib: int) -> Path:
        """Have a root disk: an overlay on the cached image, at least as large as either.

        :raises GoneOnHost: the image is not in the cache.
        :raises HypervisorError: it cannot be made; nothing is left of it.
        """
        base, disk = self._images.get(image), self._paths.disk(server)
        if not disk.exists():
            part = disk.with_name(disk.name + PART)
            try:
                make_passable(disk.parent)
                qemu_img.create_overlay(part, base, image.format, max(disk_gib * GIB, image.virtual_size))
                part.chmod(0o600)
                put_in_place(part, disk)
            except OSError as error:
                raise errors.HypervisorError(f"cannot make the disk of {server}: {error.strerror}") from error
            finally:
                part.unlink(missing_ok=True)
        return disk

    def ensure_drive(self, server: str, drive: DriveGoal, ports: tuple[PortGoal, ...]) -> Path:
        """Have a config drive, written if it is not there.

        :raises HypervisorError: it cannot be written; nothing is left of it.
        """
        path = self._paths.drive(server)
        if not path.exists():
            make_passable(path.parent)
            config_drive.write(path, drive, server, ports)
        return path

    def check_present(self, server: str, image: ImageSource) -> None:
        """See that the disk and what it stands on are there.

        :raises GoneOnHost: one of them is not; names it.
        """
        self._images.get(image)
        if not self._paths.disk(server).exists():
            raise errors.GoneOnHost(f"the disk of {server} is not on this host")

    def servers(self) -> list[str]:
        """Name the servers that have files here."""
        return sorted(folder.name for folder in self._paths.instances.iterdir() if is_uuid(folder.name))

    def remove(self, server: str) -> None:
        """Remove all files of a server."""
        folder = self._paths.instance(server)
        if folder.exists():
            shutil.rmtree(folder)

    def console(self, server: str, length: int | None) -> str:
        """Give the last lines of the console, across rotated files; what is not UTF-8 is replaced."""
        log = self._paths.console(server)
        parts = [log.with_name(log.name + end) for end in ROTATED]
        data = b"".join(part.read_bytes() for part in parts if part.exists())[-CONSOLE_BYTES:]
        return last_lines(data.decode(errors="replace"), length)


def last_lines(text: str, length: int | None) -> str:
    """Give the last ``length`` lines of a text; all of it for None."""
    if length is None:
        return text
    # only \n ends a line: splitlines would also cut at characters that a guest may print
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    return "".join(lines[-length:]) if length > 0 else ""
