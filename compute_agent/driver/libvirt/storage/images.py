"""The cache of images, named by their digest."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from common import errors, qcow2
from common.clock import Clock
from common.durable import PART, written_whole
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
        fetch.fetch((image.url, *image.mirrors), file, image.size, image.digest)
        file.flush()
        from common.image_inspection import inspect  # 7 MB that a host without new images does without

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
        bases, files = self._bases(), self._files()
        excess = sum(stat.st_size for _, stat in files) - self._limits.cache_gib * GIB
        dropped = []
        for file, stat in files:
            age = self._clock.now().timestamp() - stat.st_mtime
            if file.suffix == PART:
                if age > PART_SECONDS:
                    file.unlink(missing_ok=True)
            elif file.stem in keep or file.name in bases:
                continue
            elif excess > 0 or age > self._limits.cache_days * 86400:
                excess -= stat.st_size
                file.unlink()
                dropped.append(file.stem)
        return tuple(dropped)

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        """Give the cache's files, the least recently used first; one that a fetch renames meanwhile is passed over."""
        found = []
        for file in self._paths.cache.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append((file, file.stat()))
        return sorted(found, key=lambda one: one[1].st_mtime)

    def _bases(self) -> frozenset[str]:
        """Name the files that disks stand on; a disk that just goes, or is none any more, stands on nothing."""
        found = set()
        for disk in self._paths.instances.glob("*/disk.qcow2"):
            with contextlib.suppress(FileNotFoundError, errors.InvalidImage):
                found.add(Path(qcow2.backing_file(disk) or "").name)
        return frozenset(found)

    def _check_room(self, image: ImageSource) -> None:
        free = shutil.disk_usage(self._paths.cache).free
        if free < image.size + MARGIN:
            raise errors.HypervisorError(f"no room for the image: it has {image.size} bytes, {free} are free")

    def _touch(self, path: Path) -> None:
        now = self._clock.now().timestamp()
        os.utime(path, (now, now))
