"""Microversions: which version of a service's API a request asks for, and which of a route's handlers that picks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Self

from common import errors

HEADER = "OpenStack-API-Version"


class Version(NamedTuple):
    """A version; compares as numbers, so that 2.10 comes after 2.9."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"2.1"``.

        :raises BadRequest: it is not two numbers.
        """
        found = re.fullmatch(r"([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})", text)
        if found is None:
            raise errors.BadRequest(f"{text!r} is not an API version: write two numbers, such as 2.1, or latest")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Microversions:
    """What a service offers: its type in the header, its header of old, and its first and last version."""

    service: str
    legacy_header: str
    first: Version
    last: Version

    def negotiate(self, header: Callable[[str], str | None]) -> Version:
        """Give the version that a request's headers ask for; the first where they ask for none.

        :raises BadRequest: the header is malformed.
        :raises NotAcceptable: that version is not offered.
        """
        asked = self._asked(header)
        if asked is None:
            return self.first
        if asked == "latest":
            return self.last
        version = Version.parse(asked)
        if not self.first <= version <= self.last:
            raise errors.NotAcceptable(
                f"version {version} of {self.service} is not offered: ask for one from {self.first} to {self.last}"
            )
        return version

    def _asked(self, header: Callable[[str], str | None]) -> str | None:
        for entry in (header(HEADER) or "").split(","):
            words = entry.split()
            if words and words[0].lower() == self.service:
                if len(words) != 2:
                    raise errors.BadRequest(f"{HEADER}: write {self.service} and a version, such as {self.first}")
                return words[1]
        return (header(self.legacy_header) or "").strip() or None

    def headers(self, version: Version | None) -> dict[str, str]:
        """Give the headers of an answer in ``version``; None is a request whose version was refused."""
        vary = {"Vary": f"{HEADER}, {self.legacy_header}"}
        if version is None:
            return vary
        return {HEADER: f"{self.service} {version}", self.legacy_header: str(version)} | vary
