"""What a route and a service are; the tables of them are in routes.py and in each service's package."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common import errors
from controller.api.http import Answer, Request
from controller.api.microversion import Microversions, Version
from controller.api.policy import Rule

Handler = Callable[[Request], Answer]
ErrorBody = Callable[[errors.ToftError], Mapping[str, Any]]


@dataclass(frozen=True)
class Route:
    """One method of one path of a service, in the versions from ``since`` to ``until``; None is without end.

    ``public`` ones need no token; ``sends`` ones add commands to what waits for the broker. The path is below the
    service's prefix: ``/v2.1/servers/{server_id}``.
    """

    method: str
    path: str
    handler: Handler
    since: str | None = None
    until: str | None = None
    public: bool = False
    sends: bool = False

    def offered(self, version: Version) -> bool:
        """Say whether the route is there in ``version``."""
        return (self.since is None or Version.parse(self.since) <= version) and (
            self.until is None or version <= Version.parse(self.until)
        )


@dataclass(frozen=True)
class Service:
    """One API: where it is mounted, its routes and rules, how it writes its errors."""

    name: str
    prefix: str
    routes: tuple[Route, ...]
    error: ErrorBody
    rules: tuple[Rule, ...] = ()
    microversions: Microversions | None = None

    def owns(self, path: str) -> bool:
        """Say whether ``path`` is below the service's prefix."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")


def choose(routes: Iterable[Route], version: Version) -> Route:
    """Give the first route that is there in ``version``.

    :raises NotFound: none is.
    """
    for route in routes:
        if route.offered(version):
            return route
    raise errors.NotFound(f"this is not there in version {version}")
