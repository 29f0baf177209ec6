"""Writes doc/api.md, every endpoint there is: ``python -m controller.api.listing > doc/api.md``."""

import sys
from collections.abc import Iterable

from controller.api.route import Route, Service
from controller.api.routes import SERVICES

HEAD = """\
# What of OpenStack's API exists

Made from the route tables by `make samples`. What is not listed is 404. Compute is microversion 2.1, complete at it.
Every request may carry `X-Openstack-Request-Id`; every mutating one an `Idempotency-Key`: for 24 hours the same key
with the same request gives the same answer and changes nothing more, and with another request it is a 409.
"""


def document(services: Iterable[Service] = SERVICES) -> str:
    """Write the page."""
    return HEAD + "".join(_section(service) for service in services)


def _section(service: Service) -> str:
    lines = [f"\n## {service.name}\n", "| method | path | |", "|---|---|---|"]
    lines += [f"| {r.method} | `{service.prefix + r.path or '/'}` | {_says(r)} |" for r in service.routes]
    return "\n".join(lines) + "\n"


def _says(route: Route) -> str:
    """Give what the handler says of itself, in its first line."""
    return (route.handler.__doc__ or "").strip().splitlines()[0].rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(document())
