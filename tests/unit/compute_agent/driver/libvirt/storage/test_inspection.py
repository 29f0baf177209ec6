import struct
import subprocess
from pathlib import Path

import pytest

from common.errors import InvalidImage
from compute_agent.driver.libvirt.storage import qcow2
from compute_agent.driver.libvirt.storage.inspection import inspect

MIB = 1024**2
MAX = 1024 * MIB


def qemu_img(*args: object) -> None:
    subprocess.run(["qemu-img", *map(str, args)], check=True, capture_output=True)


@pytest.fixture
def raw(tmp_path) -> Path:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"".join(bytes([n % 251]) * 4096 for n in range(1024)))
    return path


@pytest.fixture(params=[[], ["-c"], ["-o", "cluster_size=512"], ["-o", "compat=0.10"]])
def image(request, tmp_path, raw) -> Path:
    path = tmp_path / "disk.qcow2"
    qemu_img("convert", "-f", "raw", "-O", "qcow2", *request.param, raw, path)
    return path


def test_a_qcow2_is_sound(image):
    assert inspect(image, "qcow2", MAX) == 4 * MIB


def test_a_raw_disk_is_sound(raw):
    assert inspect(raw, "raw", MAX) == 4 * MIB


def test_a_raw_disk_with_partitions_is_sound(raw):
    with raw.open("r+b") as file:
        file.seek(446)
        file.write(bytes([0x80, 0, 2, 0, 0x83, 0, 0, 0]) + struct.pack("<II", 2048, 2048) + bytes(48) + b"\x55\xaa")
    assert inspect(raw, "raw", MAX) == 4 * MIB


@pytest.mark.parametrize("keep", [3, 60, 200, 0.1, 0.5, 0.95])
def test_a_cut_off_qcow2_is_refused(image, keep):
    size = int(keep if keep > 1 else image.stat().st_size * keep)
    with image.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(InvalidImage):
        inspect(image, "qcow2", MAX)


@pytest.mark.parametrize("kind", ["vmdk", "vdi", "vpc", "vhdx", "qed"])
@pytest.mark.parametrize("claimed", ["raw", "qcow2"])
def test_other_formats_are_refused(tmp_path, raw, kind, claimed):
    path = tmp_path / "other"
    qemu_img("convert", "-f", "raw", "-O", kind, raw, path)
    with pytest.raises(InvalidImage, match="claims to be"):
        inspect(path, claimed, MAX)


def test_a_qcow2_is_not_raw(image):
    with pytest.raises(InvalidImage, match="claims to be raw and is qcow2"):
        inspect(image, "raw", MAX)


def test_no_other_claim_is_allowed(raw):
    with pytest.raises(InvalidImage, match="claims to be vmdk"):
        inspect(raw, "vmdk", MAX)


def test_a_backing_file_is_refused(tmp_path, raw):
    path = tmp_path / "overlay"
    qemu_img("create", "-f", "qcow2", "-b", raw, "-F", "raw", path)
    assert qcow2.backing_file(path) == str(raw)
    with pytest.raises(InvalidImage, match="not safe"):
        inspect(path, "qcow2", MAX)


def test_a_data_file_is_refused(tmp_path):
    path = tmp_path / "outside"
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path / 'data'}", path, "1M")
    with pytest.raises(InvalidImage, match="not safe"):
        inspect(path, "qcow2", MAX)


def test_a_huge_disk_is_refused(tmp_path):
    path = tmp_path / "huge"
    qemu_img("create", "-f", "qcow2", path, "2G")
    with pytest.raises(InvalidImage, match="are allowed"):
        inspect(path, "qcow2", MAX)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(InvalidImage):
        inspect(tmp_path / "empty", "raw", MAX)


def test_an_image_that_the_inspector_trips_over_is_refused(tmp_path, raw):
    with pytest.raises(InvalidImage, match="cannot be read"):
        inspect(tmp_path / "nothing", "raw", MAX)


@pytest.mark.parametrize(("at", "value"), [(4, 9), (20, 40)])
def test_a_strange_header_is_refused(image, at, value):
    with image.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack(">I", value))
    with pytest.raises(InvalidImage, match="of version"):
        qcow2.check_whole(image)


def test_no_backing_file(image):
    assert qcow2.backing_file(image) is None


def test_a_raw_file_has_no_header(raw):
    with pytest.raises(InvalidImage, match="not a qcow2"):
        qcow2.backing_file(raw)
