"""All controllers of one database have the same keys: a token that one gives is read by each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common import errors
from controller.db import marks
from controller.db.engine import Store, Tx


def check(store: Store, fingerprints: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Hold this controller's keys against those that controllers of this database started with last.

    A set that shares no key with theirs is another one. Keys are rotated one at a time, so that each set shares some
    with the one before.

    :param fingerprints: by file name, see ``Secrets.fingerprints``.
    :param folder: where the keys lie, for the message.
    :raises SettingsError: they are other keys.
    :raises DatabaseUnavailable: it could not be looked up.
    """

    def agree(tx: Tx) -> None:
        for name, mine in sorted(fingerprints.items()):
            _agree(tx, f"keys/{name}", mine, folder / name)

    store.run(agree)


def _agree(tx: Tx, name: str, mine: Sequence[str], file: Path) -> None:
    known = marks.claim(tx, name, " ".join(mine)).split()
    if not set(known) & set(mine):
        raise errors.SettingsError(
            f"{file} has other keys than the controllers of this database have: copy theirs there, or let [state] keys "
            f"name their folder (here {', '.join(mine)}; there {', '.join(known)})"
        )
    if known != list(mine):
        marks.write(tx, name, " ".join(mine))
