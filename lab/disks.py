"""The disk of each host's guests: a filesystem of its own, that can be full without the machine's being so."""

import logging
import subprocess

from lab import files, places
from tests.services.libvirt_host import LibvirtHost

LOG = logging.getLogger(__name__)
SIZE_GIB = 40


def mount(host: LibvirtHost) -> None:
    """Give a host its disk, in its own mounts: it goes with them, and its files come back with the host.

    Where there are no loop devices its guests are on the machine's disk, and chaos does not fill that.
    """
    image = places.STATE / host.name / "disk.ext4"
    folder = files.state(host.name) / "instances"
    folder.mkdir(exist_ok=True)
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(SIZE_GIB * 2**30)
        # sparse, and without room kept for root: full is full
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    try:
        host.run("mount", "-o", "loop", str(image), str(folder))
    except subprocess.CalledProcessError as error:
        LOG.warning("%s has no disk of its own: %s", host.name, error.stderr)
    host.run("chmod", "711", str(folder))
