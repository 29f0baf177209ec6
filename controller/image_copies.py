"""Images' files wherever they are: on this controller's disk, or with another controller that may be asked for them."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import IO

from common import errors
from common.clock import Clock
from common.model.controller import Controller
from controller.db import controllers, images
from controller.db.engine import Store
from controller.image_store import ImageStore, Received
from controller.secrets import ImageUrls
from controller.workflow.presence import ALIVE

LOG = logging.getLogger(__name__)
BELIEVED = timedelta(seconds=2)
"""How long it is believed who holds a file."""

Fetch = Callable[[str], tuple[IO[bytes], int]]
"""A URL -> what is there, opened, and its length in bytes. Raises Unavailable."""


class ImageCopies:
    """Finds files, and has a copy made here of each that is elsewhere only.

    :param name: this controller's name, as ``image_copy`` has it.
    """

    def __init__(
        self, store: Store, kept: ImageStore, urls: ImageUrls, clock: Clock, name: str, own_url: str, fetch: Fetch
    ) -> None:
        self._store, self._kept, self._urls, self._clock = store, kept, urls, clock
        self._name, self._own_url, self._fetch = name, own_url, fetch
        self._known: dict[str, tuple[datetime, list[Controller]]] = {}

    def url(self, digest: str, host: str) -> str:
        """Give a URL under which ``host`` may fetch a file: from here if it is here, else from where it is.

        :raises Unavailable: nobody who is there holds it.
        """
        if self._kept.has(digest):
            return self._urls.sign(digest, host, self._own_url)
        return self._urls.sign(digest, host, self._others(digest)[0].url)

    def mirrors(self, digest: str, host: str) -> list[str]:
        """Give the other URLs under which ``host`` may fetch it, should this controller die meanwhile."""
        if not self._kept.has(digest):
            return [self._urls.sign(digest, host, c.url) for c in self._others(digest)[1:]]
        return [self._urls.sign(digest, host, c.url) for c in self._holders(digest)]

    def open(self, digest: str) -> tuple[IO[bytes], int]:
        """Open a file, wherever it is; gives it and its length in bytes.

        :raises Unavailable: nobody who is there holds it.
        """
        if self._kept.has(digest):
            return self._kept.open(digest)
        return self._from_others(digest)

    def turn(self) -> bool:
        """Fetch one file that this controller lacks; says whether there may be more. Two transactions.

        :raises DatabaseUnavailable: nothing was noted.
        :raises Unavailable: the one who holds it does not give it now.
        """
        with self._store.read() as tx:
            noted = images.copies(tx, self._name)
            wanted = images.lacking(tx, self._name, controllers.alive(tx, self._clock.now() - ALIVE).keys())
        self._forget_lost(noted - self._kept.held())
        if wanted is None:
            return False
        file, length = self._from_others(wanted)
        with file:
            self._keep(wanted, self._kept.receive(file, length, length))
        return True

    def _forget_lost(self, lost: set[str]) -> None:
        """Note that files are not here that were: the folder was lost, or came back from an older copy."""
        if lost:
            LOG.warning("%d images that this controller held are not in its folder", len(lost))
            with self._store.tx() as tx:
                images.drop_copies(tx, self._name, sorted(lost))

    def _keep(self, digest: str, received: Received) -> None:
        """Put a copy in its place, then its row; where the image was deleted meanwhile, neither stays."""
        try:
            if received.sha256 != digest:
                raise errors.Unavailable(f"a copy of image {digest} came damaged; fetching it again")
            with self._kept.settled:
                self._kept.keep(received)
                with self._store.tx() as tx:
                    needed = images.add_copies(tx, self._name, digest)
                if not needed:
                    self._kept.remove([digest])
        finally:
            self._kept.drop(received)

    def _from_others(self, digest: str) -> tuple[IO[bytes], int]:
        refused: errors.Unavailable | None = None
        for other in self._others(digest):
            try:
                return self._fetch(self._urls.sign(digest, f"controller {self._name}", other.url))
            except errors.Unavailable as error:
                refused = error
        raise errors.Unavailable(f"image {digest} cannot be had now: {refused.message if refused else ''}")

    def _others(self, digest: str) -> Sequence[Controller]:
        others = self._holders(digest)
        if not others:
            raise errors.Unavailable(f"no controller that is up holds image {digest}; trying later")
        return others

    def _holders(self, digest: str) -> list[Controller]:
        """List the other live controllers that hold a file, as of a moment ago."""
        now = self._clock.now()
        until, found = self._known.get(digest, (now, []))
        if until <= now:
            with self._store.read() as tx:
                holders = set(images.holders(tx, digest)) - {self._name}
                found = [c for name, c in controllers.alive(tx, now - ALIVE).items() if name in holders]
            self._known = {d: kept for d, kept in self._known.items() if kept[0] > now}
            self._known[digest] = (now + BELIEVED, found)
        return found
