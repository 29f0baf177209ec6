"""Images' files and two controllers: who serves them, who copies them, who removes them."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest

from common import errors, ids
from common.clock import ManualClock
from common.model.controller import Controller
from common.model.image import Image, ImageStatus
from controller.db import controllers, images
from controller.db.engine import Store
from controller.image_copies import BELIEVED, ImageCopies
from controller.image_store import ImageStore
from controller.secrets import Secrets
from controller.workflow.presence import ALIVE

DATA = b"an image" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@dataclass
class Peers:
    """Two controllers, ``one`` and ``two``; ``sent`` is what a fetch from another one brings."""

    store: Store
    folder: Path
    clock: ManualClock
    sent: bytes = DATA
    dead: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.kept = {name: ImageStore(self.folder / name, ids.time_ordered(self.clock)) for name in ("one", "two")}
        urls = Secrets(self.folder / "keys").image_urls("http://lb", self.clock, 60)
        self.copies = {
            name: ImageCopies(self.store, kept, urls, self.clock, name, f"http://{name}", self.fetch)
            for name, kept in self.kept.items()
        }
        for name in self.kept:
            self.seen(name)

    def seen(self, name: str) -> None:
        now = self.clock.now()
        row = Controller(name=name, url=f"http://{name}", version="0", started_at=now, seen_at=now)
        with self.store.tx() as tx:
            controllers.write(tx, row)

    def fetch(self, url: str) -> tuple[IO[bytes], int]:
        if urlsplit(url).netloc in self.dead:
            raise errors.Unavailable("it does not answer")
        return io.BytesIO(self.sent), len(self.sent)

    def upload(self, name: str, image: str = "i1") -> None:
        now = self.clock.now()
        row = Image(
            id=image,
            project_id="p",
            name=None,
            status=ImageStatus.ACTIVE,
            created_at=now,
            updated_at=now,
            digest=DIGEST,
        )
        kept = self.kept[name]
        kept.keep(kept.receive(io.BytesIO(DATA), len(DATA), len(DATA)))
        with self.store.tx() as tx:
            images.IMAGES.add(tx, [row])
            images.add_copy(tx, image, name, DIGEST)

    def holders(self) -> list[str]:
        with self.store.read() as tx:
            return images.holders(tx, DIGEST)


@pytest.fixture
def peers(store: Store, tmp_path: Path) -> Peers:
    return Peers(store, tmp_path, ManualClock())


def place(sign: Callable[[str, str], str]) -> str:
    return urlsplit(sign(DIGEST, "host")).netloc


def test_a_host_is_sent_to_who_holds_the_file(peers: Peers) -> None:
    peers.upload("one")
    assert [place(copies.url) for copies in peers.copies.values()] == ["one", "one"]
    assert peers.copies["one"].mirrors(DIGEST, "host") == peers.copies["two"].mirrors(DIGEST, "host") == []


def test_a_copy_is_made_and_hosts_know_both_places(peers: Peers) -> None:
    peers.upload("one")
    assert peers.copies["two"].turn() is True
    assert peers.copies["two"].turn() is False
    assert peers.holders() == ["one", "two"]
    assert place(peers.copies["two"].url) == "two"
    peers.clock.advance(BELIEVED.total_seconds())
    assert [urlsplit(url).netloc for url in peers.copies["one"].mirrors(DIGEST, "host")] == ["two"]


def test_a_file_that_is_elsewhere_is_given_out_from_there(peers: Peers) -> None:
    peers.upload("one")
    for copies in peers.copies.values():
        file, length = copies.open(DIGEST)
        with file:
            assert (file.read(), length) == (DATA, len(DATA))


def test_a_holder_that_is_gone_is_asked_for_nothing(peers: Peers) -> None:
    peers.upload("one")
    peers.clock.advance(ALIVE.total_seconds())
    peers.seen("two")
    assert peers.copies["two"].turn() is False
    with pytest.raises(errors.Unavailable, match="no controller that is up"):
        peers.copies["two"].url(DIGEST, "host")
    peers.seen("one")
    peers.clock.advance(BELIEVED.total_seconds())
    assert place(peers.copies["two"].url) == "one"


def test_a_holder_that_does_not_answer_is_asked_again_later(peers: Peers) -> None:
    peers.upload("one")
    peers.dead = frozenset({"one"})
    with pytest.raises(errors.Unavailable, match="does not answer"):
        peers.copies["two"].turn()
    assert (peers.holders(), list((peers.folder / "two" / "incoming").iterdir())) == (["one"], [])
    peers.dead = frozenset()
    assert peers.copies["two"].turn() is True


def test_a_damaged_copy_is_not_kept(peers: Peers) -> None:
    peers.upload("one")
    peers.sent = DATA[:-1] + b"x"
    with pytest.raises(errors.Unavailable, match="damaged"):
        peers.copies["two"].turn()
    assert peers.kept["two"].held() == set()
    assert list((peers.folder / "two" / "incoming").iterdir()) == []


def test_a_copy_of_what_was_deleted_meanwhile_goes(peers: Peers) -> None:
    peers.upload("one")
    fetch = peers.copies["two"]._fetch

    def deleting(url: str) -> tuple[IO[bytes], int]:
        with peers.store.tx() as tx:
            tx.change(images.IMAGES.table, [{"id": "i1", "status": "deleted"}])
        return fetch(url)

    peers.copies["two"]._fetch = deleting
    peers.copies["two"].turn()
    assert (peers.kept["two"].held(), peers.holders()) == (set(), ["one"])


def test_two_images_of_one_digest_share_one_copy(peers: Peers) -> None:
    peers.upload("one")
    peers.upload("one", image="i2")
    assert peers.copies["two"].turn() is True
    with peers.store.tx() as tx:
        images.drop_copies(tx, "one", [DIGEST])
    assert peers.holders() == ["two"]


def test_a_folder_that_was_lost_is_filled_again(peers: Peers) -> None:
    peers.upload("one")
    peers.copies["two"].turn()
    peers.kept["two"].remove([DIGEST])
    assert peers.copies["two"].turn() is False
    assert peers.holders() == ["one"]
    assert peers.copies["two"].turn() is True
    assert timedelta() < BELIEVED < ALIVE
