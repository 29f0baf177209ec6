import errno
import hashlib
import io
from pathlib import Path

import pytest

from common import errors, ids
from common.clock import ManualClock
from controller.image_store import ImageStore

DATA = b"an image" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", ids.time_ordered(ManualClock()))


def incoming(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "images" / "incoming").iterdir())


def test_what_is_kept_is_opened_by_its_digest(kept: ImageStore, tmp_path: Path) -> None:
    received = kept.receive(io.BytesIO(DATA), len(DATA), len(DATA))
    assert (received.size, received.sha256, received.md5) == (
        len(DATA),
        DIGEST,
        hashlib.md5(DATA).hexdigest(),
    )
    assert not kept.keep(received)
    file, length = kept.open(DIGEST)
    with file:
        assert (file.read(), length) == (DATA, len(DATA))
    assert kept.held() == {DIGEST}
    assert incoming(tmp_path) == []


def test_only_its_owner_may_enter_the_folder(kept: ImageStore, tmp_path: Path) -> None:
    assert (tmp_path / "images").stat().st_mode & 0o777 == 0o700


def test_the_same_bytes_twice_are_one_file(kept: ImageStore) -> None:
    kept.keep(kept.receive(io.BytesIO(DATA), len(DATA), None))
    assert kept.keep(kept.receive(io.BytesIO(DATA), len(DATA), None))
    assert kept.held() == {DIGEST}


@pytest.mark.parametrize(
    ("limit", "expected", "refusal"), [(10, None, errors.TooLarge), (1 << 20, 9000, errors.BadRequest)]
)
def test_a_refused_upload_leaves_nothing(
    kept: ImageStore, tmp_path: Path, limit: int, expected: int | None, refusal: type[errors.ToftError]
) -> None:
    with pytest.raises(refusal):
        kept.receive(io.BytesIO(DATA), limit, expected)
    assert incoming(tmp_path) == []


class FullDisk(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_nothing_and_says_so(kept: ImageStore, tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="No space left"):
        kept.receive(FullDisk(), 1 << 20, None)
    assert incoming(tmp_path) == []


def test_an_upload_that_was_not_kept_is_dropped(kept: ImageStore, tmp_path: Path) -> None:
    kept.drop(kept.receive(io.BytesIO(DATA), len(DATA), None))
    assert incoming(tmp_path) == []


def test_unfinished_uploads_are_forgotten_at_the_start(kept: ImageStore, tmp_path: Path) -> None:
    kept.receive(io.BytesIO(DATA), len(DATA), None)
    kept.forget_unfinished()
    assert incoming(tmp_path) == []


def test_files_are_removed_by_digest(kept: ImageStore) -> None:
    kept.keep(kept.receive(io.BytesIO(DATA), len(DATA), None))
    kept.remove([DIGEST, DIGEST])
    assert kept.held() == set()
    with pytest.raises(errors.NotFound, match="does not hold"):
        kept.open(DIGEST)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "incoming", DIGEST.upper(), ""])
def test_only_digests_are_names(kept: ImageStore, digest: str) -> None:
    with pytest.raises(errors.NotFound, match="no such image"):
        kept.open(digest)
