from pathlib import Path

import pytest
from oslo_utils.imageutils import format_inspector

from common.errors import InvalidImage
from common.image_inspection import FORMATS, inspect
from tests.unit.common import images
from tests.unit.common.images import MIB, qcow2, qemu_img

LARGEST = 1 << 40


def look(folder: Path, content: bytes, claimed: str = "qcow2") -> int:
    file = folder / "image"
    file.write_bytes(content)
    return inspect(file, claimed, LARGEST)


@pytest.mark.parametrize("version", [2, 3])
def test_a_sound_qcow2_has_its_header_s_size(tmp_path: Path, version: int) -> None:
    assert look(tmp_path, qcow2(virtual=5 * MIB, version=version)) == 5 * MIB


def test_the_last_cluster_may_be_short(tmp_path: Path) -> None:
    assert look(tmp_path, qcow2()[:-1024]) == MIB


@pytest.mark.parametrize("content", [b"\1" * MIB, b"\1" * 12, images.with_partitions()])
def test_a_raw_disk_is_as_large_as_its_file(tmp_path: Path, content: bytes) -> None:
    assert look(tmp_path, content, "raw") == len(content)


@pytest.mark.parametrize(
    ("content", "claimed", "reason"),
    [
        (b"", "raw", "empty"),
        (qcow2(), "raw", "claims to be raw and is qcow2"),
        (b"\1" * MIB, "qcow2", "claims to be qcow2 and is raw"),
        (b"\1" * MIB, "vmdk", "claims to be vmdk and is raw"),
        (images.vmdk(), "raw", "vmdk descriptor"),
        (images.vmdk(), "qcow2", "vmdk descriptor"),
        (images.vmdk()[:100], "raw", "vmdk descriptor"),
        (qcow2(backing=200), "qcow2", "not safe to use: backing_file: Image has a backing file"),
        (qcow2(version=2, backing=200), "qcow2", "backing file"),
        (qcow2(features=1 << 2), "qcow2", "data_file"),
        (qcow2(features=1 << 4), "qcow2", "Unknown QCOW2 features"),
        (qcow2(features=1 << 9), "qcow2", "Unknown QCOW2 features"),
        (qcow2(features=1 << 1), "qcow2", "corrupt"),
        (qcow2(version=7), "qcow2", "Unsupported qcow2 version"),
        (qcow2(crypt=2), "qcow2", "encrypted"),
        (qcow2(virtual=0), "qcow2", "has 0 bytes"),
        (qcow2(virtual=1 << 41, l1_size=4096), "qcow2", f"{LARGEST} are allowed"),
        (qcow2()[: 5 * images.CLUSTER], "qcow2", "truncated: its data"),
    ],
)
def test_what_is_not_sound_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, claimed: str, reason: str
) -> None:
    with pytest.raises(InvalidImage, match=reason):
        look(tmp_path, content, claimed)


@pytest.mark.parametrize("kind", ["vmdk", "vdi", "vpc", "vhdx", "qed"])
@pytest.mark.parametrize("claimed", FORMATS)
def test_other_formats_are_refused(tmp_path: Path, kind: str, claimed: str) -> None:
    path = tmp_path / "other"
    qemu_img("create", "-f", kind, path, "4M")
    with pytest.raises(InvalidImage, match="claims to be"):
        inspect(path, claimed, LARGEST)


def test_a_data_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outside"
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path / 'data'}", path, "1M")
    with pytest.raises(InvalidImage, match="not safe"):
        inspect(path, "qcow2", LARGEST)


def test_several_formats_at_once_are_refused(tmp_path: Path) -> None:
    iso = bytearray(images.with_partitions())
    iso[0x8001:0x8006] = b"CD001"
    iso[:4] = b"QFI\xfb"
    with pytest.raises(InvalidImage, match="several formats"):
        look(tmp_path, bytes(iso), "raw")


@pytest.mark.parametrize(
    ("at", "reason"), [("detect_file_format", "cannot be read"), ("FileInspector.safety_check", "cannot be judged")]
)
def test_whatever_the_inspector_trips_over_is_the_image_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, reason: str
) -> None:
    def trip(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(f"{format_inspector.__name__}.{at}", trip)
    with pytest.raises(InvalidImage, match=reason):
        look(tmp_path, qcow2())
