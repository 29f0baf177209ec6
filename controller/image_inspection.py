"""Looks into an uploaded image before anything else does: qemu-img never sees what this refuses.

Headers are judged by oslo.utils' format inspector; whether a qcow2 file is whole is judged here, by its own tables.
"""

import struct
from pathlib import Path
from typing import IO, NamedTuple

import numpy
from oslo_utils.imageutils import format_inspector

from common import errors

FORMATS = ("qcow2", "raw")
_ACCEPTED = {"qcow2": ("qcow2",), "raw": ("raw", "gpt")}  # a whole disk with a partition table is a raw image
_DESCRIPTOR = b"# disk descriptorfile"
_MAX_L1_BYTES = 32 << 20  # QEMU's own limit
_MAX_REFCOUNT_BYTES = 8 << 20  # likewise
_OFFSET = numpy.uint64(0x00FFFFFFFFFFFE00)
_COMPRESSED = numpy.uint64(1 << 62)
_CORRUPT = 1 << 1


def inspect(path: Path, disk_format: str, max_virtual: int) -> int:
    """Hold an image against what it claims to be; gives its virtual size in bytes.

    :raises InvalidImage: it is something else, refers to other files, is not whole, or would be larger than
        ``max_virtual`` bytes; the message says which.
    """
    size = path.stat().st_size
    if size == 0:
        raise errors.InvalidImage("the image is empty")
    found = _detect(path)
    _refuse_descriptor(path)
    if found.NAME not in _ACCEPTED[disk_format]:
        raise errors.InvalidImage(f"the image claims to be {disk_format} and is {found.NAME}")
    _check_safe(found)
    virtual = size
    if disk_format == "qcow2":
        with path.open("rb") as file:
            virtual = Qcow2(file, size).check()
    if virtual > max_virtual:
        raise errors.InvalidImage(f"the image's disk has {virtual} bytes; {max_virtual} are allowed")
    return virtual


def _detect(path: Path) -> format_inspector.FileInspector:
    try:
        found = format_inspector.detect_file_format(str(path))
    except format_inspector.ImageFormatError as error:
        raise errors.InvalidImage(f"the image is several formats at once: {error}") from error
    if found is None:
        raise errors.InvalidImage("the image's format is not known")
    return found


def _refuse_descriptor(path: Path) -> None:
    """Refuse a VMDK that is only text; the inspector takes a short one for a raw disk."""
    with path.open("rb") as file:
        if file.read(64).lower().startswith(_DESCRIPTOR):
            raise errors.InvalidImage("the image is a vmdk descriptor, which names other files")


def _check_safe(found: format_inspector.FileInspector) -> None:
    try:
        found.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        reasons = "; ".join(str(reason) for reason in error.failures.values())
        raise errors.InvalidImage(f"the image is not safe: {reasons}") from error


class _Header(NamedTuple):
    magic: bytes
    version: int
    backing_offset: int
    backing_size: int
    cluster_bits: int
    size: int
    crypt_method: int
    l1_size: int
    l1_offset: int
    refcount_offset: int
    refcount_clusters: int


class Qcow2:
    """A qcow2 file, read as far as it takes to say whether all its parts are there."""

    def __init__(self, file: IO[bytes], file_size: int) -> None:
        self._file, self._size = file, file_size
        raw = file.read(104).ljust(104, b"\0")
        self._header = _Header(*struct.unpack(">4sIQIIQIIQQI", raw[:60]))
        self._features = struct.unpack(">Q", raw[72:80])[0] if self._header.version >= 3 else 0

    def check(self) -> int:
        """Follow the tables; gives the virtual size in bytes.

        :raises InvalidImage: the header contradicts itself, or something it points to is not in the file.
        """
        header = self._header
        if not 9 <= header.cluster_bits <= 21:
            raise errors.InvalidImage(f"the qcow2 header is wrong: clusters of 2^{header.cluster_bits} bytes")
        if header.crypt_method:
            raise errors.InvalidImage("the qcow2 image is encrypted; such images are not allowed")
        if self._features & _CORRUPT:
            raise errors.InvalidImage("the qcow2 image is marked as corrupt")
        self._check_sizes()
        cluster = 1 << header.cluster_bits
        self._within(header.refcount_offset, header.refcount_clusters * cluster, "its reference counts")
        tables = self._offsets(header.l1_offset, header.l1_size, "its first table")
        for table in numpy.unique(tables[tables > 0]):
            self._check_table(int(table), cluster)
        return header.size

    def _check_sizes(self) -> None:
        header = self._header
        covered = header.l1_size << (header.cluster_bits * 2 - 3)
        if header.l1_size * 8 > _MAX_L1_BYTES or header.refcount_clusters << header.cluster_bits > _MAX_REFCOUNT_BYTES:
            raise errors.InvalidImage("the qcow2 header is wrong: its tables are larger than any disk needs")
        if covered < header.size:
            raise errors.InvalidImage("the qcow2 header is wrong: its tables are too small for its disk")

    def _check_table(self, table: int, cluster: int) -> None:
        """See that every cluster of a second table begins inside the file; QEMU may leave the last one short."""
        entries = self._read(table, cluster // 8, "a table")
        plain = entries[(entries & _COMPRESSED) == 0] & _OFFSET
        width = 62 - (self._header.cluster_bits - 8)
        packed = entries[(entries & _COMPRESSED) != 0] & numpy.uint64((1 << width) - 1)
        furthest = max((int(part.max()) for part in (plain, packed) if part.size), default=0)
        self._within(furthest, 1, "its data")

    def _offsets(self, at: int, entries: int, what: str) -> "numpy.typing.NDArray[numpy.uint64]":
        return self._read(at, entries, what) & _OFFSET

    def _read(self, at: int, entries: int, what: str) -> "numpy.typing.NDArray[numpy.uint64]":
        self._within(at, entries * 8, what)
        self._file.seek(at)
        return numpy.frombuffer(self._file.read(entries * 8), dtype=">u8").astype(numpy.uint64)

    def _within(self, at: int, length: int, what: str) -> None:
        if at + length > self._size:
            raise errors.InvalidImage(
                f"the qcow2 image is truncated: {what} should reach byte {at + length} of {self._size}"
            )
