"""Who sent a token, remembered for a moment: a client that asks again and again costs no database each time."""

from common.clock import Clock
from common.model.identity import Who

SECONDS = 2.0
"""What another controller changes (a token given back, a role taken) counts here after so long at the latest."""

MOST = 4096


class Callers:
    """Tokens that were found valid. What this controller changes of users, roles or tokens makes it forget them all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Who, float]] = {}
        self.age = 0
        """Grows whenever all is forgotten."""

    def find(self, sealed: str) -> Who | None:
        """Give who sent this token, if that was found out a moment ago and the token is not over."""
        who, until = self._known.get(sealed, (None, 0.0))
        if who is None or until <= self._clock.monotonic() or who.expires_at <= self._clock.now():
            return None
        return who

    def keep(self, sealed: str, who: Who, age: int) -> None:
        """Remember who sent a token.

        :param age: what ``age`` was before the database was asked; all was forgotten since then: this is too old.
        """
        if age != self.age:
            return
        if len(self._known) >= MOST:
            self._known = {}
        self._known[sealed] = (who, self._clock.monotonic() + SECONDS)

    def forget(self) -> None:
        """Ask the database again for each token."""
        self.age += 1
        self._known = {}
