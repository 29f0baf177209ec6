"""A broker's users, as a list of what was asked for; it may be away, or go away in the middle."""

from common import errors


class NotedBroker:
    """Notes what it is told. ``left`` is how many more calls it answers; None: all."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.left: int | None = None

    def users(self) -> set[str]:
        """Give the users that are let in."""
        found: set[str] = set()
        for word, name in self.told:
            if word == "let in":
                found.add(name)
            elif word == "shut out":
                found.discard(name)
        return found

    def let_in(self, host: str, user: str, password: str) -> None:
        self._note("let in", user)

    def shut_out(self, user: str) -> None:
        self._note("shut out", user)

    def mute(self, host: str, user: str) -> None:
        self._note("mute", user)

    def unmute(self, host: str, user: str) -> None:
        self._note("unmute", user)

    def forget(self, host: str) -> None:
        self._note("forget", host)

    def _note(self, *words: str) -> None:
        if self.left == 0:
            raise errors.BusUnavailable("away")
        if self.left is not None:
            self.left -= 1
        self.told.append(words)
