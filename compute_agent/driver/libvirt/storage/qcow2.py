"""What we read of qcow2 files ourselves: the backing file's name, and whether the file is whole.

Source: QEMU's docs/interop/qcow2.txt. All numbers are big-endian. Images with a data file or extended entries
never come here: the inspection refuses them before.
"""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from common.errors import InvalidImage

MAGIC = b"QFI\xfb"
HEADER = struct.Struct(">4sIQIIQIIQQI")
COMPRESSED = 1 << 62
OFFSET = 0x00FF_FFFF_FFFF_FE00
"""Bits of a table's entry that are an offset."""


class Header(NamedTuple):
    """The start of a file, field by field."""

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


def _header(file: BinaryIO) -> Header:
    data = file.read(HEADER.size)
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise InvalidImage("not a qcow2 image")
    header = Header(*HEADER.unpack(data))
    if header.version not in (2, 3) or not 9 <= header.cluster_bits <= 21:
        raise InvalidImage(f"a qcow2 image of version {header.version} with 2^{header.cluster_bits} bytes a cluster")
    return header


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


def check_whole(path: Path) -> None:
    """See that every table and cluster that the file points at is inside it.

    :raises InvalidImage: it is cut off, or its tables lie.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _header(file)
        cluster = 1 << header.cluster_bits
        _inside(header.refcount_offset, header.refcount_clusters * cluster, size)
        for offset in _entries(file, header.l1_offset, header.l1_size, size):
            if table := offset & OFFSET:
                _check_table(file, header, table, size)


def _check_table(file: BinaryIO, header: Header, table: int, size: int) -> None:
    compressed = (1 << (70 - header.cluster_bits)) - 1
    for entry in _entries(file, table, (1 << header.cluster_bits) // 8, size):
        offset = entry & compressed if entry & COMPRESSED else entry & OFFSET
        if offset >= size:
            raise InvalidImage(f"the image is cut off: it has {size} bytes and points to byte {offset}")


def _entries(file: BinaryIO, offset: int, count: int, size: int) -> tuple[int, ...]:
    _inside(offset, count * 8, size)
    file.seek(offset)
    return struct.unpack(f">{count}Q", file.read(count * 8))


def _inside(offset: int, length: int, size: int) -> None:
    if offset + length > size:
        raise InvalidImage(f"the image is cut off: it has {size} bytes and a table ends at byte {offset + length}")
