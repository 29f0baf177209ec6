"""The disk of each host's guests: a filesystem of its own, that can be full without the machine's being so."""

import subprocess

from lab import files, places
from tests.services.libvirt_host import LibvirtHost

SIZE_GIB = 40


def mount(host: LibvirtHost) -> None:
    """Give a host its disk, in its own mounts: it goes with them, and its files come back with the host.

    :raises CalledProcessError: this machine has no loop devices.
    """
    image = places.STATE / host.name / "disk.ext4"
    folder = files.state(host.name) / "instances"
    folder.mkdir(exist_ok=True)
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(SIZE_GIB * 2**30)
        # sparse, and without room kept for root: full is full
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    host.run("mount", "-o", "loop", str(image), str(folder))
    host.run("chmod", "711", str(folder))
