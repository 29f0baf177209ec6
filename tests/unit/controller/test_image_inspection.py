import struct
from pathlib import Path

import pytest

from common import errors
from controller.image_inspection import inspect
from tests.unit.controller import images
from tests.unit.controller.images import CLUSTER, MIB, qcow2

LARGEST = 1 << 40


def look(folder: Path, content: bytes, claimed: str = "qcow2") -> int:
    file = folder / "image"
    file.write_bytes(content)
    return inspect(file, claimed, LARGEST)


def put(content: bytes, at: int, number: int) -> bytes:
    return content[:at] + struct.pack(">Q", number) + content[at + 8 :]


def test_a_sound_qcow2_has_its_header_s_size(tmp_path: Path) -> None:
    assert look(tmp_path, qcow2(virtual=5 * MIB)) == 5 * MIB


def test_a_qcow2_of_the_second_version_is_sound(tmp_path: Path) -> None:
    assert look(tmp_path, qcow2(version=2)) == MIB


@pytest.mark.parametrize("content", [b"\1" * MIB, images.with_partitions()])
def test_a_raw_disk_is_as_large_as_its_file(tmp_path: Path, content: bytes) -> None:
    assert look(tmp_path, content, "raw") == MIB


def test_a_compressed_cluster_is_found_where_it_begins(tmp_path: Path) -> None:
    compressed = put(qcow2(), 4 * CLUSTER, 1 << 62 | 5 * CLUSTER)
    assert look(tmp_path, compressed) == MIB
    with pytest.raises(errors.InvalidImage, match="truncated: its data"):
        look(tmp_path, put(qcow2(), 4 * CLUSTER, 1 << 62 | 900 * CLUSTER))


@pytest.mark.parametrize(
    ("content", "claimed", "reason"),
    [
        (b"", "raw", "empty"),
        (qcow2(), "raw", "claims to be raw and is qcow2"),
        (b"\1" * MIB, "qcow2", "claims to be qcow2 and is raw"),
        (images.vmdk(), "raw", "vmdk descriptor"),
        (images.vmdk(), "qcow2", "vmdk descriptor"),
        (qcow2(backing=200), "qcow2", "backing file"),
        (qcow2(version=2, backing=200), "qcow2", "backing file"),
        (qcow2(features=1 << 2), "qcow2", "data_file"),
        (qcow2(features=1 << 9), "qcow2", "Unknown QCOW2 features"),
        (qcow2(features=1 << 1), "qcow2", "corrupt"),
        (qcow2(version=7), "qcow2", "Unsupported qcow2 version"),
        (qcow2(crypt=2), "qcow2", "encrypted"),
        (qcow2(cluster_bits=40), "qcow2", r"clusters of 2\^40"),
        (qcow2(cluster_bits=8), "qcow2", r"clusters of 2\^8"),
        (qcow2(l1_size=1 << 30), "qcow2", "larger than any disk needs"),
        (qcow2(virtual=1 << 50), "qcow2", "too small for its disk"),
        (qcow2(virtual=1 << 41, l1_size=4096), "qcow2", f"{LARGEST} are allowed"),
        (qcow2()[: 5 * CLUSTER], "qcow2", "truncated: its data"),
        (qcow2()[: 4 * CLUSTER], "qcow2", "truncated: a table"),
        (qcow2()[: 3 * CLUSTER], "qcow2", "truncated: its first table"),
        (qcow2()[:1024], "qcow2", "truncated: its reference counts"),
    ],
)
def test_what_is_not_sound_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, claimed: str, reason: str
) -> None:
    with pytest.raises(errors.InvalidImage, match=reason):
        look(tmp_path, content, claimed)


def test_several_formats_at_once_are_refused(tmp_path: Path) -> None:
    iso = bytearray(images.with_partitions())
    iso[0x8001:0x8006] = b"CD001"
    iso[:4] = b"QFI\xfb"
    with pytest.raises(errors.InvalidImage, match="several formats"):
        look(tmp_path, bytes(iso), "raw")
