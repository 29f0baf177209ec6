"""Image files made by hand, sound and hostile, and by QEMU."""

import struct
import subprocess

CLUSTER = 1 << 16
MIB = 1 << 20


def qcow2(
    virtual: int = MIB,
    version: int = 3,
    backing: int = 0,
    features: int = 0,
    crypt: int = 0,
    cluster_bits: int = 16,
    l1_size: int = 1,
    data: int = 1,
    references: int = 1,
    magic: bytes = b"QFI\xfb",
) -> bytes:
    """Make a qcow2 file of ``data`` clusters: header, reference table and block, first table, second table, data."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        magic,
        version,
        backing,
        8 if backing else 0,
        cluster_bits,
        virtual,
        crypt,
        l1_size,
        3 * CLUSTER,
        CLUSTER,
        references,
        0,
        0,
        features,
        0,
        0,
        4,
        104,
    )
    flag = 1 << 63
    second = b"".join(struct.pack(">Q", (5 + n) * CLUSTER | flag) for n in range(data))
    parts = [
        header,
        struct.pack(">Q", 2 * CLUSTER),
        struct.pack(">H", 1) * (5 + data),
        struct.pack(">Q", 4 * CLUSTER | flag),
        second,
        *(b"data" * (CLUSTER // 4) for _ in range(data)),
    ]
    return b"".join(part.ljust(CLUSTER, b"\0") for part in parts)


def vmdk() -> bytes:
    """Make a monolithic-flat VMDK descriptor that points to a file of the host."""
    text = (
        b"# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n"
        b'createType="monolithicFlat"\n\nRW 2048 FLAT "/etc/passwd" 0\n'
    )
    return text.ljust(4096, b"\0")


def with_partitions() -> bytes:
    """Make a raw disk with a master boot record."""
    entry = struct.pack("<BBBBBBBBII", 0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 2047)
    return (b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa").ljust(MIB, b"\0")


def qemu_img(*args: object) -> None:
    subprocess.run(["qemu-img", *map(str, args)], check=True, capture_output=True)
