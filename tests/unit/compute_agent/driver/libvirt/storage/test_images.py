import errno
import os
import subprocess
from pathlib import Path

import pytest

from common import errors
from common.clock import ManualClock
from common.settings import Images
from common.wire import ImageSource
from compute_agent.driver.libvirt.storage import images, qemu_img
from compute_agent.driver.libvirt.storage.images import ImageCache
from compute_agent.driver.libvirt.storage.instances import Instances, last_lines
from compute_agent.driver.libvirt.storage.paths import Paths

SERVER = "0190d3a0-0000-7000-8000-000000000001"
DAY = 86400


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path / "state")
    paths.make()
    return paths


@pytest.fixture
def cache(paths, clock):
    return ImageCache(paths, Images(cache_gib=1, cache_days=30), clock)


@pytest.fixture
def instances(paths, cache):
    return Instances(paths, cache)


@pytest.fixture
def image(image_server, tmp_path):
    path = tmp_path / "made.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    return served(image_server, path.read_bytes(), "qcow2", 8 * 1024**2)


def served(server, content, kind, virtual_size):
    server.content = content
    return ImageSource(digest=server.digest, format=kind, size=len(content), virtual_size=virtual_size, url=server.url)


def left(paths):
    return sorted(p.name for p in paths.cache.iterdir())


def test_an_image_is_fetched_once(cache, image, image_server):
    path = cache.ensure(image)
    assert path.read_bytes() == image_server.content
    assert path == cache.ensure(image) == cache.get(image)
    assert image_server.asked == 1


def test_a_raw_image_is_named_so(cache, image_server):
    assert cache.ensure(served(image_server, bytes(1024), "raw", 1024)).suffix == ".raw"


def test_nothing_is_left_of_an_image_that_lies(cache, paths, image_server):
    with pytest.raises(errors.InvalidImage, match="claims to be qcow2"):
        cache.ensure(served(image_server, bytes(1024), "qcow2", 1024))
    assert left(paths) == []


def test_nothing_is_left_of_an_image_of_another_size(cache, paths, image_server):
    with pytest.raises(errors.InvalidImage, match="1024 bytes and should have 7"):
        cache.ensure(served(image_server, bytes(1024), "raw", 7))
    assert left(paths) == []


def test_no_room_is_seen_before(cache, paths, image, image_server, monkeypatch):
    monkeypatch.setattr(images, "MARGIN", 2**60)
    with pytest.raises(errors.HypervisorError, match="no room"):
        cache.ensure(image)
    assert (left(paths), image_server.asked) == ([], 0)


def test_nothing_is_left_when_the_disk_fills(cache, paths, image, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(images.os, "fsync", full)
    with pytest.raises(errors.HypervisorError, match="No space left"):
        cache.ensure(image)
    assert left(paths) == []


def test_what_is_not_there_is_gone(cache, image):
    with pytest.raises(errors.GoneOnHost, match=image.digest):
        cache.get(image)


@pytest.mark.parametrize(("digest", "kind"), [("../x", "raw"), ("0" * 63, "raw"), ("0" * 64, "vmdk")])
def test_only_digests_name_images(paths, digest, kind):
    with pytest.raises(errors.HypervisorError, match="not an image"):
        paths.image(digest, kind)


@pytest.mark.parametrize("server", ["..", "", "x", "../../etc", SERVER + "/.."])
def test_only_uuids_name_servers(paths, server):
    with pytest.raises(errors.HypervisorError, match="not a server"):
        paths.instance(server)


def test_an_unused_image_goes_when_it_is_old(cache, image, clock):
    cache.ensure(image)
    clock.advance(29 * DAY)
    assert cache.prune(frozenset()) == ()
    clock.advance(2 * DAY)
    assert cache.prune(frozenset({image.digest})) == ()
    assert cache.prune(frozenset()) == (image.digest,)


def test_a_used_image_never_goes(cache, instances, image, clock):
    cache.ensure(image)
    instances.ensure_disk(SERVER, image, 1)
    clock.advance(100 * DAY)
    assert cache.prune(frozenset()) == ()
    instances.remove(SERVER)
    assert cache.prune(frozenset()) == (image.digest,)


def test_the_least_used_go_when_there_are_too_many(paths, clock, image_server):
    cache = ImageCache(paths, Images(cache_gib=0), clock)
    first = served(image_server, b"a" * 512, "raw", 512)
    cache.ensure(first)
    clock.advance(60)
    second = served(image_server, b"b" * 512, "raw", 512)
    cache.ensure(second)
    clock.advance(60)
    assert cache.prune(frozenset({second.digest})) == (first.digest,)


def test_the_rest_of_a_broken_fetch_goes(cache, paths, clock):
    part = paths.cache / "x.part"
    part.touch()
    os.utime(part, (clock.now().timestamp(),) * 2)
    cache.prune(frozenset())
    assert part.exists()
    clock.advance(2 * DAY)
    cache.prune(frozenset())
    assert not part.exists()


def test_a_broken_disk_keeps_no_image_from_going(cache, instances, image, paths, clock):
    cache.ensure(image)
    instances.ensure_disk(SERVER, image, 1).write_bytes(b"wiped")
    clock.advance(100 * DAY)
    assert cache.prune(frozenset()) == (image.digest,)


def test_a_fetch_that_ends_meanwhile_is_passed_over(cache, image, paths, clock):
    cache.ensure(image)
    (paths.cache / "y.part").symlink_to("renamed")
    clock.advance(100 * DAY)
    assert cache.prune(frozenset()) == (image.digest,)


def test_a_disk_stands_on_its_image(cache, instances, image, paths):
    with pytest.raises(errors.GoneOnHost):
        instances.ensure_disk(SERVER, image, 1)
    cache.ensure(image)
    disk = instances.ensure_disk(SERVER, image, 1)
    before = disk.read_bytes()
    assert instances.ensure_disk(SERVER, image, 1).read_bytes() == before
    said = subprocess.run(["qemu-img", "info", disk], capture_output=True, text=True, check=True).stdout
    assert "virtual size: 1 GiB" in said
    assert f"backing file: {paths.image(image.digest, 'qcow2')}" in said
    assert sorted(p.name for p in disk.parent.iterdir()) == ["disk.qcow2"]


def test_a_disk_is_never_smaller_than_its_image(cache, instances, image):
    cache.ensure(image)
    disk = instances.ensure_disk(SERVER, image, 0)
    said = subprocess.run(["qemu-img", "info", disk], capture_output=True, text=True, check=True).stdout
    assert "virtual size: 8 MiB" in said


def test_nothing_is_left_of_a_disk_that_fails(cache, instances, image, paths, monkeypatch):
    cache.ensure(image)
    monkeypatch.setattr(qemu_img, "MEMORY", 4096)
    with pytest.raises(errors.HypervisorError, match="qemu-img create"):
        instances.ensure_disk(SERVER, image, 1)
    assert list(paths.instance(SERVER).iterdir()) == []


def test_a_disk_has_its_name_only_once_it_is_on_the_disk(cache, instances, image, paths, monkeypatch):
    cache.ensure(image)
    synced = []

    def full(handle):
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(errors.HypervisorError, match=f"the disk of {SERVER}: No space left"):
        instances.ensure_disk(SERVER, image, 1)
    assert (synced, list(paths.instance(SERVER).iterdir())) == (["disk.qcow2.part"], [])


def test_qemu_img_may_take_only_so_long(cache, instances, image, monkeypatch):
    cache.ensure(image)
    monkeypatch.setattr(qemu_img, "SECONDS", 0)
    with pytest.raises(errors.HypervisorError, match="timed out"):
        instances.ensure_disk(SERVER, image, 1)


def test_a_missing_disk_is_named(cache, instances, image):
    cache.ensure(image)
    with pytest.raises(errors.GoneOnHost, match=SERVER):
        instances.check_present(SERVER, image)
    instances.ensure_disk(SERVER, image, 1)
    instances.check_present(SERVER, image)


def test_removing_twice_is_fine(instances, paths):
    paths.instance(SERVER).mkdir()
    instances.remove(SERVER)
    instances.remove(SERVER)
    assert not paths.instance(SERVER).exists()


def test_a_console_is_joined_from_its_parts(instances, paths):
    paths.instance(SERVER).mkdir()
    log = paths.console(SERVER)
    log.with_name("console.log.1").write_bytes(b"one\n")
    log.with_name("console.log.0").write_bytes(b"tw\xffo\n")
    log.write_bytes(b"three\nlogin: ")
    assert instances.console(SERVER, None) == "one\ntw\ufffdo\nthree\nlogin: "
    assert instances.console(SERVER, 2) == "three\nlogin: "
    log.write_bytes(b"x" * 10**6)
    assert len(instances.console(SERVER, None)) == 256 * 1024


def test_a_server_without_a_log_has_an_empty_console(instances):
    assert instances.console(SERVER, 5) == ""


@pytest.mark.parametrize(
    ("text", "length", "last"),
    [("a\nb\n", 1, "b\n"), ("a\nb", 1, "b"), ("a\u2028b\x0bc\n", 1, "a\u2028b\x0bc\n"), ("a\n", 0, ""), ("", 3, "")],
)
def test_last_lines(text, length, last):
    assert last_lines(text, length) == last
