"""A cloud's client that makes what servers are made of, and says how to ask for one."""

import json
from http.client import HTTPConnection
from typing import Any, NamedTuple

IMAGE_BYTES = b"\0" * 4096


class Answer(NamedTuple):
    """What came back: the status, and the body read as JSON (None where there is none)."""

    status: int
    headers: dict[str, str]
    body: Any


class Tenant:
    """Logged in as a user of a project; one connection. ``token`` is for those who send requests by themselves."""

    def __init__(self, port: int, user: str, password: str, project: str) -> None:
        self.port, self.token = port, ""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        name = {"name": user, "domain": {"id": "default"}, "password": password}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        asked = {"auth": {"identity": {"methods": ["password"], "password": {"user": name}}, "scope": scope}}
        self.token = self.call("POST", "/identity/v3/auth/tokens", asked).headers["x-subject-token"]

    def call(self, method: str, path: str, body: Any = None, data: bytes | None = None) -> Answer:
        """Make a request.

        :raises RuntimeError: the answer is an error.
        """
        headers = {"X-Auth-Token": self.token} if self.token else {}
        headers["Content-Type"] = "application/octet-stream" if data is not None else "application/json"
        content = data if data is not None else json.dumps(body).encode() if body is not None else None
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        raw = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {raw[:500]!r}")
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, json.loads(raw) if raw else None)

    def furnish(self) -> dict[str, Any]:
        """Make an image, a flavor and a network; gives the body of a request for a server of them."""
        image = self.call("POST", "/image/v2/images", _IMAGE).body["id"]
        self.call("PUT", f"/image/v2/images/{image}/file", data=IMAGE_BYTES)
        self.call("POST", "/compute/v2.1/flavors", {"flavor": _FLAVOR})
        network = self.call("POST", "/network/v2.0/networks", {"network": {"name": "bench"}}).body["network"]["id"]
        subnet = {"network_id": network, "cidr": "10.128.0.0/16", "ip_version": 4}
        self.call("POST", "/network/v2.0/subnets", {"subnet": subnet})
        asked = {"name": "bench", "imageRef": image, "flavorRef": _FLAVOR["id"], "networks": [{"uuid": network}]}
        return {"server": asked}

    def hosts_up(self) -> int:
        """Count the hosts that take servers."""
        listed = self.call("GET", "/compute/v2.1/os-hypervisors").body["hypervisors"]
        return sum(host["state"] == "up" for host in listed)


_IMAGE = {"name": "bench", "disk_format": "raw", "container_format": "bare"}
_FLAVOR = {"id": "bench", "name": "bench", "vcpus": 3, "ram": 512, "disk": 1}
"""A pretended host has room for 21 of them: a thousand need 48 hosts."""
