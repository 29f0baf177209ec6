import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import qcow2
from common.errors import InvalidImage
from tests.unit.common import images
from tests.unit.common.images import CLUSTER, MIB, qemu_img


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"".join(bytes([n % 251]) * 4096 for n in range(1024)))
    return path


@pytest.fixture(params=[[], ["-c"], ["-o", "cluster_size=512"], ["-o", "compat=0.10"]])
def image(request: pytest.FixtureRequest, tmp_path: Path, raw: Path) -> Path:
    path = tmp_path / "disk.qcow2"
    qemu_img("convert", "-f", "raw", "-O", "qcow2", *request.param, raw, path)
    return path


def whole(folder: Path, content: bytes) -> int:
    file = folder / "image"
    file.write_bytes(content)
    return qcow2.check_whole(file)


def put(content: bytes, at: int, number: int) -> bytes:
    return content[:at] + struct.pack(">Q", number) + content[at + 8 :]


def test_what_qemu_makes_is_whole(image: Path) -> None:
    assert qcow2.check_whole(image) == 4 * MIB


@pytest.mark.parametrize("keep", [3, 60, 200, 0.1, 0.5, 0.95])
def test_a_cut_off_file_is_refused(image: Path, keep: float) -> None:
    size = int(keep if keep > 1 else image.stat().st_size * keep)
    with image.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(InvalidImage):
        qcow2.check_whole(image)


@pytest.mark.parametrize("version", [2, 3])
def test_the_size_is_the_header_s(tmp_path: Path, version: int) -> None:
    assert whole(tmp_path, images.qcow2(virtual=5 * MIB, version=version)) == 5 * MIB


def test_the_second_version_has_no_features(tmp_path: Path) -> None:
    assert whole(tmp_path, images.qcow2(version=2, features=1 << 1)) == MIB


def test_a_compressed_cluster_is_found_where_it_begins(tmp_path: Path) -> None:
    assert whole(tmp_path, put(images.qcow2(), 4 * CLUSTER, 1 << 62 | 5 * CLUSTER)) == MIB
    with pytest.raises(InvalidImage, match="truncated: its data"):
        whole(tmp_path, put(images.qcow2(), 4 * CLUSTER, 1 << 62 | 900 * CLUSTER))


@given(
    entries=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**20) | st.just(1 << 62), min_size=1, max_size=9),
    cluster_bits=st.integers(9, 21),
    size=st.integers(1, 2**60) | st.integers(1, 2**20),
)
def test_a_table_points_beyond_the_file_if_one_of_its_entries_does(
    entries: list[int], cluster_bits: int, size: int
) -> None:
    packed = (1 << (62 - (cluster_bits - 8))) - 1
    offsets = [entry & packed if entry & 1 << 62 else entry & 0x00FF_FFFF_FFFF_FE00 for entry in entries]
    table = struct.pack(f">{len(entries)}Q", *entries)
    assert qcow2.points_beyond(table, cluster_bits, size) == (max(offsets) >= size)
    if max(offsets):
        assert qcow2.points_beyond(table, cluster_bits, max(offsets))
    assert not qcow2.points_beyond(table, cluster_bits, max(offsets) + 1)


def test_a_second_table_may_be_missing(tmp_path: Path) -> None:
    assert whole(tmp_path, put(images.qcow2(), 3 * CLUSTER, 0)) == MIB


def test_one_table_named_many_times_is_refused_before_all_are_read(tmp_path: Path) -> None:
    content = images.qcow2(l1_size=CLUSTER // 8)
    clusters = len(content) // CLUSTER
    named = [4 * CLUSTER] * clusters
    assert whole(tmp_path, content[: 3 * CLUSTER] + first_table(named) + content[4 * CLUSTER :]) == MIB
    with pytest.raises(InvalidImage, match="more tables than the file can hold"):
        whole(tmp_path, content[: 3 * CLUSTER] + first_table([*named, 4 * CLUSTER]) + content[4 * CLUSTER :])


def first_table(named: list[int]) -> bytes:
    return struct.pack(f">{len(named)}Q", *named).ljust(CLUSTER, b"\0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (images.qcow2(features=1 << 1), "marked as corrupt"),
        (images.qcow2(version=7), "version 7"),
        (images.qcow2(crypt=2), "encrypted"),
        (images.qcow2(cluster_bits=40), r"clusters of 2\^40"),
        (images.qcow2(cluster_bits=8), r"clusters of 2\^8"),
        (images.qcow2(l1_size=1 << 30), "larger than any disk needs"),
        (images.qcow2(references=1 << 20), "larger than any disk needs"),
        (images.qcow2(virtual=1 << 50), "too small for its disk"),
        (images.qcow2()[: 5 * CLUSTER], "truncated: its data"),
        (images.qcow2()[: 4 * CLUSTER], "truncated: a table"),
        (images.qcow2()[: 3 * CLUSTER], "truncated: its first table"),
        (images.qcow2()[:1024], "truncated: its reference counts"),
        (images.qcow2()[:64], "not a qcow2"),
        (images.qcow2(magic=b"QFI\0"), "not a qcow2"),
    ],
)
def test_what_is_not_whole_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(InvalidImage, match=reason):
        whole(tmp_path, content)


def test_a_backing_file_has_its_name(tmp_path: Path, raw: Path, image: Path) -> None:
    path = tmp_path / "overlay"
    qemu_img("create", "-f", "qcow2", "-b", raw, "-F", "raw", path)
    assert qcow2.backing_file(path) == str(raw)
    assert qcow2.backing_file(image) is None


def test_a_raw_file_has_no_header(raw: Path) -> None:
    with pytest.raises(InvalidImage, match="not a qcow2"):
        qcow2.backing_file(raw)
