"""What the hosts of the fleet can do: what none of them can is refused before anything is written."""

from collections.abc import Iterable

from common import errors
from common.guest import Guest
from common.guest.features import asked_by
from controller.db import hosts
from controller.db.engine import Tx


class Abilities:
    """The features that hosts told in their hellos: read once a batch, and only where a guest asks for one."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._known: set[frozenset[str]] | None = None

    def check(self, guest: Guest) -> None:
        """See that some host can do what a guest asks for. While no host was ever heard, nobody knows: it may.

        :raises BadRequest: none can; names the keys.
        """
        if not guest.features:
            return
        if self._known is None:
            self._known = hosts.features(self._tx)
        if not any(guest.features <= has for has in self._known) and self._known:
            raise _cannot(guest.features, self._known)


def _cannot(asked: frozenset[str], known: Iterable[frozenset[str]]) -> errors.BadRequest:
    """Name what nobody can do; or, where each thing is done by somebody, all that nobody does together."""
    nobody = asked.difference(*known) or asked
    keys = ", ".join(sorted({asked_by(feature) for feature in nobody}))
    together = "all of " if nobody == asked and len(asked) > 1 else ""
    return errors.BadRequest(
        f"{keys}: no host of this fleet can do {together}{', '.join(sorted(nobody))}; "
        f"choose another flavor or image, or add a host that can"
    )
