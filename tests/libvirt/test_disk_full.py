import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from common import errors
from common.clock import SystemClock
from common.settings import Images
from common.wire import ImageSource
from compute_agent.driver.libvirt.storage import images
from compute_agent.driver.libvirt.storage.instances import Instances
from compute_agent.driver.libvirt.storage.paths import Paths
from tests.doubles.agent import server_id


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    """Folders on a file system of their own, with room for half of the tiny image."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)], check=True)
    made = Paths(tmp_path)
    made.make()
    yield made
    subprocess.run(["umount", str(tmp_path)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte free."""
    with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(folder).free == 0


def left(paths: Paths) -> list[str]:
    return sorted(p.name for p in paths.root.rglob("*") if p.is_file() and p.name != "ballast")


def test_a_disk_that_fills_during_a_fetch_keeps_nothing_of_it(
    paths: Paths, tiny: ImageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = images.ImageCache(paths, Images(), SystemClock())
    monkeypatch.setattr(cache, "_check_room", lambda image: None)  # there was room when it looked
    with pytest.raises(errors.HypervisorError, match="No space left"):
        cache.ensure(tiny)
    assert left(paths) == []


def test_a_full_disk_keeps_nothing_of_a_disk(paths: Paths, tiny: ImageSource) -> None:
    cache = images.ImageCache(paths, Images(), SystemClock())
    base = paths.image(tiny.digest, "raw")
    base.write_bytes(bytes(512))
    fill(paths.root)
    with pytest.raises(errors.HypervisorError):
        Instances(paths, cache).ensure_disk(server_id(1), msgspec.structs.replace(tiny, format="raw"), 1)
    assert left(paths) == [base.name]
