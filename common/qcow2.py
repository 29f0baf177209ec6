"""What we read of qcow2 files ourselves: the header, the backing file's name, and whether the file is whole.

Source: QEMU's docs/interop/qcow2.txt. All numbers are big-endian. Data files and extended entries are not followed:
``common.image_inspection`` refuses such images before.
"""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from common.errors import InvalidImage

MAGIC = b"QFI\xfb"
HEADER = struct.Struct(">4sIQIIQIIQQIIQQ")
CORRUPT = 1 << 1
"""The incompatible feature by which QEMU marks an image that it found broken."""

OFFSET = 0x00FF_FFFF_FFFF_FE00
"""Bits of a table's entry that are an offset."""

MAX_L1_BYTES = 32 << 20
MAX_REFCOUNT_BYTES = 8 << 20
"""QEMU opens no file with larger tables."""


class Header(NamedTuple):
    """The start of a file, field by field; offsets and sizes are bytes."""

    magic: bytes
    version: int
    backing_offset: int
    backing_size: int
    cluster_bits: int
    size: int
    crypt: int
    l1_size: int
    l1_offset: int
    refcount_offset: int
    refcount_clusters: int
    snapshots: int
    snapshots_offset: int
    features: int

    @property
    def cluster(self) -> int:
        """Bytes of a cluster, which are also those of a second table."""
        return 1 << self.cluster_bits

    @property
    def corrupt(self) -> bool:
        """Whether QEMU marked it so; version 2 has other things in the place of the features."""
        return self.version >= 3 and bool(self.features & CORRUPT)


def backing_file(path: Path) -> str | None:
    """Give the name of the file that a qcow2 stands on, as it is written there.

    :raises InvalidImage: it is not a qcow2.
    """
    with path.open("rb") as file:
        header = _header(file)
        if not header.backing_offset:
            return None
        file.seek(header.backing_offset)
        return file.read(min(header.backing_size, 1023)).decode(errors="replace")


def check_whole(path: Path) -> int:
    """See that every table and cluster that the file points at is inside it; give its virtual size in bytes.

    Reads no more than the file's size, one table at a time.

    :raises InvalidImage: it is encrypted, marked as corrupt or cut off, or its tables lie.
    """
    with path.open("rb") as file:
        header = _header(file)
        _check_header(header)
        _Tables(file, header, path.stat().st_size).check()
    return header.size


def _header(file: BinaryIO) -> Header:
    data = file.read(HEADER.size)
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise InvalidImage("not a qcow2 image")
    header = Header(*HEADER.unpack(data))
    if header.version not in (2, 3) or not 9 <= header.cluster_bits <= 21:
        raise InvalidImage(
            f"the qcow2 header is wrong: version {header.version} with clusters of 2^{header.cluster_bits} bytes"
        )
    return header


def _check_header(header: Header) -> None:
    if header.crypt:
        raise InvalidImage("the qcow2 image is encrypted; such images are not allowed")
    if header.corrupt:
        raise InvalidImage("the qcow2 image is marked as corrupt")
    if header.l1_size * 8 > MAX_L1_BYTES or header.refcount_clusters * header.cluster > MAX_REFCOUNT_BYTES:
        raise InvalidImage("the qcow2 header is wrong: its tables are larger than any disk needs")
    if header.l1_size * (header.cluster // 8) * header.cluster < header.size:
        raise InvalidImage("the qcow2 header is wrong: its tables are too small for its disk")


class _Tables:
    """A file's tables: the first lists the second ones, which list the clusters of data."""

    def __init__(self, file: BinaryIO, header: Header, size: int) -> None:
        self._file, self._header, self._size = file, header, size

    def check(self) -> None:
        header = self._header
        self._see_inside(header.refcount_offset, header.refcount_clusters * header.cluster, "its reference counts")
        unread = self._size
        for (entry,) in struct.iter_unpack(">Q", self._read(header.l1_offset, header.l1_size * 8, "its first table")):
            if table := entry & OFFSET:
                unread -= header.cluster
                if unread < 0:  # one table named a million times would keep us busy for hours
                    raise InvalidImage("the qcow2 header is wrong: it names more tables than the file can hold")
                self._check_table(table)

    def _check_table(self, table: int) -> None:
        """See that every cluster begins inside the file; QEMU may leave the last one short."""
        if points_beyond(self._read(table, self._header.cluster, "a table"), self._header.cluster_bits, self._size):
            raise InvalidImage(f"the qcow2 image is truncated: its data goes on behind byte {self._size}")

    def _read(self, offset: int, length: int, what: str) -> bytes:
        self._see_inside(offset, length, what)
        self._file.seek(offset)
        return self._file.read(length)

    def _see_inside(self, offset: int, length: int, what: str) -> None:
        if offset + length > self._size:
            raise InvalidImage(
                f"the qcow2 image is truncated: {what} should reach byte {offset + length} of {self._size}"
            )


def points_beyond(table: bytes, cluster_bits: int, size: int) -> bool:
    """Whether an entry of a second table points behind a file of ``size`` bytes.

    Looks at all entries at once, as 64-bit lanes of one long number: a file may be gigabytes of tables, and a loop over
    their entries would take minutes. An offset has 61 bits at the most, so adding 2^62 - size sets bit 62 of its lane
    where it is not below the size, and never touches the next lane.
    """
    packed = (1 << (70 - cluster_bits)) - 1  # bits of a compressed cluster's entry that are an offset
    lanes = int.from_bytes(b"\0\0\0\0\0\0\0\1" * (len(table) // 8))
    entries = int.from_bytes(table)
    compressed = ((entries >> 62) & lanes) * (2**64 - 1)
    offsets = entries & ((lanes * OFFSET) ^ (compressed & (lanes * (OFFSET ^ packed))))
    return bool((offsets + lanes * (2**62 - size)) & (lanes << 62))
