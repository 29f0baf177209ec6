"""The whole API over a fresh SQLite store, with an operator, two tenants and a clock that tests move."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2
import falcon
from falcon import testing

from common import ids, settings
from common.clock import ManualClock
from controller.admission.identity import Bootstrap
from controller.answers import Answers
from controller.api import app, routes
from controller.api.http import Services
from controller.api.passwords import Passwords
from controller.api.policy import Policy
from controller.backlog import Backlog
from controller.broker import NoManagement
from controller.db.engine import Store
from controller.enrolment import Enrolment
from controller.image_copies import ImageCopies
from controller.image_fetch import fetch
from controller.image_store import ImageStore
from controller.secrets import Secrets
from controller.workflow.world import World
from tests.doubles.writer import DirectWriter

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
USERS = {
    "admin": ("admin", "admin"),
    "demo": ("demo", "member"),
    "other": ("other", "member"),
    "reader": ("demo", "reader"),
}
"""User -> (project, role); each one's password is its name and `-password`."""


@dataclass
class Api:
    """A running API and what stands behind it."""

    services: Services
    app: "falcon.App[Any, Any]"
    clock: ManualClock
    writer: DirectWriter

    @property
    def client(self) -> testing.TestClient:
        return testing.TestClient(self.app)

    def login(self, user: str, project: str | None = None) -> str:
        """Give a token for a user's project."""
        scope = {"project": {"name": project or USERS[user][0], "domain": {"id": "default"}}}
        body = {"auth": {"identity": password(user), "scope": scope}}
        answer = self.client.simulate_post("/identity/v3/auth/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return answer.headers["x-subject-token"]

    def call(self, method: str, path: str, user: str = "demo", **more: Any) -> testing.Result:
        """Make a request as a user."""
        headers = {"X-Auth-Token": self.login(user), **more.pop("headers", {})}
        return self.client.simulate_request(method, path, headers=headers, **more)


def password(user: str, secret: str | None = None) -> dict[str, Any]:
    """Give the identity part of a request for a token."""
    given = {"name": user, "domain": {"id": "default"}, "password": secret or f"{user}-password"}
    return {"methods": ["password"], "password": {"user": given}}


def api(store: Store, folder: Path, chosen: settings.Settings | None = None, enrolment: Enrolment | None = None) -> Api:
    """Make the API over a migrated store."""
    chosen = chosen or settings.Settings(api=settings.Api(url="http://cloud.test"))
    clock = ManualClock()
    world = World(clock=clock, ids=ids.time_ordered(clock), settings=chosen, scheduler=None)  # type: ignore[arg-type]
    writer = DirectWriter(store, world)
    rules = [rule for service in routes.SERVICES for rule in service.rules]
    secrets = Secrets(folder / "keys")
    images = ImageStore(folder / "images", world.ids)
    urls = secrets.image_urls(chosen.api_url, clock, chosen.images.url_seconds)
    services = Services(
        store=store,
        writer=writer,
        world=world,
        settings=chosen,
        secrets=secrets,
        images=images,
        backlog=Backlog(store, chosen.controller.outbox_limit),
        copies=ImageCopies(store, images, urls, clock, "here", chosen.api_url, fetch),
        enrolment=enrolment or Enrolment(chosen.bus, NoManagement(), lambda host: None, secrets.hosts.encrypt),
        policy=Policy(rules, chosen.api.policy_file),
        passwords=Passwords(clock, hasher=CHEAP),
        image_urls=urls,
        answers=Answers(store, clock),
        controller="here",
    )
    users = {name: (CHEAP.hash(f"{name}-password"), *of) for name, of in USERS.items()}
    writer.submit(Bootstrap(users=users))
    return Api(services, app.make(services), clock, writer)
