"""The cache of images, named by their digest."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from common import errors, qcow2
from common.clock import Clock
from common.durable import PART, written_whole
from common.image_inspection import inspect
from common.settings import Images
from common.wire import ImageSource
from compute_agent.driver.libvirt.storage import fetch
from compute_agent.driver.libvirt.storage.paths import Paths

GIB = 1024**3
MARGIN = 256 * 1024**2
"""Bytes of disk that a fetch leaves free."""

PART_SECONDS = 24 * 3600
"""Age at which the rest of a broken fetch is dropped."""


class ImageCache:
    """Images on this host. The caller sees to it that no two calls handle one digest at once."""

    def __init__(self, paths: Paths, limits: Images, clock: Clock) -> None:
        self._paths = paths
        self._limits = limits
        self._clock = clock

    def ensure(self, image: ImageSource) -> Path:
        """Have an image: fetched, its digest right, found sound.

        :raises InvalidImage: it is not what it claims to be; nothing is left of it.
        :raises HypervisorError: it cannot be fetched, or there is no room; nothing is left of it.
        """
        path = self._paths.image(image.digest, image.format)
        if path.exists():
            self._touch(path)
            return path
        try:
            with written_whole(path, mode=0o644) as file:
                self._fetch(image, file)
        except OSError as error:
            raise errors.HypervisorError(f"writing {path.name}: {error.strerror}") from error
        self._touch(path)
        return path

    def _fetch(self, image: ImageSource, file: BinaryIO) -> None:
        self._check_room(image)
        fetch.fetch(image.url, file, image.size, image.digest)
        file.flush()
        found = inspect(Path(file.name), image.format, self._limits.max_virtual_gib * GIB)
        if found != image.virtual_size:
            raise errors.InvalidImage(f"the image's disk has {found} bytes and should have {image.virtual_size}")

    def get(self, image: ImageSource) -> Path:
        """Give an image that is here, and count it as used.

        :raises GoneOnHost: it is not in the cache.
        """
        path = self._paths.image(image.digest, image.format)
        if not path.exists():
            raise errors.GoneOnHost(f"image {image.digest} is not in the cache")
        self._touch(path)
        return path

    def prune(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Drop images beyond the limits of size and age, least recently used first; give the digests.

        One that a disk stands on, or that ``keep`` names, stays.
        """
        files = sorted(self._paths.cache.iterdir(), key=lambda f: f.stat().st_mtime)
        free = [f for f in files if f.suffix != PART and f.stem not in keep and f.name not in self._bases()]
        excess = sum(f.stat().st_size for f in files) - self._limits.cache_gib * GIB
        dropped = []
        for file in free:
            if excess > 0 or self._age(file) > self._limits.cache_days * 86400:
                excess -= file.stat().st_size
                file.unlink()
                dropped.append(file.stem)
        for part in files:
            if part.suffix == PART and self._age(part) > PART_SECONDS:
                part.unlink()
        return tuple(dropped)

    def _bases(self) -> frozenset[str]:
        disks = self._paths.instances.glob("*/disk.qcow2")
        return frozenset(Path(base).name for disk in disks if (base := qcow2.backing_file(disk)))

    def _check_room(self, image: ImageSource) -> None:
        free = shutil.disk_usage(self._paths.cache).free
        if free < image.size + MARGIN:
            raise errors.HypervisorError(f"no room for the image: it has {image.size} bytes, {free} are free")

    def _touch(self, path: Path) -> None:
        now = self._clock.now().timestamp()
        os.utime(path, (now, now))

    def _age(self, path: Path) -> float:
        return self._clock.now().timestamp() - path.stat().st_mtime
