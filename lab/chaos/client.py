"""A patient HTTP client: it asks again, with the same idempotency key, until it has an answer."""

import time
import uuid
from typing import Any

import requests

from lab.plan import Plan
from lab.tenant import ACCOUNTS, TENANT

AGAIN = {401, 408, 409, 429, 500, 502, 503, 504}
"""Answers that decide nothing. 409: what is asked for is still under way."""

TIMEOUT = 20.0
PAUSE = 0.5


class GaveUp(Exception):
    """A request had no answer for too long."""


class Client:
    """A tenant's client. One thread uses it.

    :param patience: seconds that one request may go without an answer.
    """

    def __init__(self, plan: Plan, patience: float = 300.0) -> None:
        self._plan, self._patience = plan, patience
        self._session = requests.Session()
        self._session.trust_env = False
        self._token = ""

    def create(self, name: str, image: str, flavor: str, network: str) -> str:
        """Ask for a server until that is acknowledged; gives its id.

        :raises GaveUp: it was not, for too long.
        :raises RuntimeError: it was refused.
        """
        server = {"name": name, "imageRef": image, "flavorRef": flavor, "networks": [{"uuid": network}]}
        answer = self.ask("POST", "/compute/v2.1/servers", {"server": server}, str(uuid.uuid4()))
        if answer.status_code != 202:
            raise RuntimeError(f"creating {name}: {answer.status_code} {answer.text}")
        return str(answer.json()["server"]["id"])

    def delete(self, server: str) -> None:
        """Ask for a server's end until that is acknowledged.

        :raises GaveUp: it was not, for too long.
        :raises RuntimeError: it was refused.
        """
        answer = self.ask("DELETE", f"/compute/v2.1/servers/{server}", None, str(uuid.uuid4()))
        if answer.status_code not in (204, 404):
            raise RuntimeError(f"deleting {server}: {answer.status_code} {answer.text}")

    def servers(self) -> list[dict[str, Any]]:
        """List the tenant's servers, whole."""
        return list(self._read("/compute/v2.1/servers/detail")["servers"])

    def timeline(self, server: str) -> list[dict[str, str]]:
        """Give what was done for a server; nothing where it is not known."""
        answer = self.ask("GET", f"/compute/v2.1/servers/{server}/toft-timeline")
        return list(answer.json()["timeline"]) if answer.status_code == 200 else []

    def tiny(self) -> tuple[str, str, str]:
        """Give the ids of the lab's image, flavor and network."""
        return (
            self._named("images", "/image/v2/images", "tiny"),
            self._named("flavors", "/compute/v2.1/flavors", "tiny"),
            self._named("networks", "/network/v2.0/networks", "net"),
        )

    def _named(self, kind: str, path: str, name: str) -> str:
        found = self._read(path)[kind]
        return str(next(thing["id"] for thing in found if thing["name"] == name))

    def _read(self, path: str) -> Any:
        answer = self.ask("GET", path)
        if answer.status_code != 200:
            raise RuntimeError(f"GET {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def ask(self, method: str, path: str, json: Any = None, key: str = "") -> requests.Response:
        """Make a request until it is answered.

        :raises GaveUp: it was not, for too long.
        """
        end = time.monotonic() + self._patience
        said = "no answer"
        while time.monotonic() < end:
            try:
                answer = self._once(method, path, json, key)
            except requests.RequestException as error:
                said = str(error)
            else:
                if answer.status_code not in AGAIN:
                    return answer
                said = f"{answer.status_code} {answer.text}"
            time.sleep(PAUSE)
        raise GaveUp(f"{method} {path}: {said}")

    def _once(self, method: str, path: str, json: Any, key: str) -> requests.Response:
        headers = {"X-Auth-Token": self._token or self._login()}
        if key:
            headers["Idempotency-Key"] = key
        url = f"{self._plan.api_url}{path}"
        answer = self._session.request(method, url, json=json, headers=headers, timeout=TIMEOUT)
        if answer.status_code == 401:
            self._token = ""
        return answer

    def _login(self) -> str:
        user, project, _ = ACCOUNTS[TENANT]
        domain = {"id": "default"}
        identity = {
            "methods": ["password"],
            "password": {"user": {"name": user, "domain": domain, "password": self._plan.password}},
        }
        asked: Any = {"auth": {"identity": identity, "scope": {"project": {"name": project, "domain": domain}}}}
        answer = self._session.post(f"{self._plan.api_url}/identity/v3/auth/tokens", json=asked, timeout=TIMEOUT)
        answer.raise_for_status()
        self._token = answer.headers["X-Subject-Token"]
        return self._token
