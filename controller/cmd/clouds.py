"""clouds.yaml: how OpenStack's clients find a cloud and log in to it."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from common.durable import written_whole

TENANT, ADMIN = "toft", "toft-admin"
"""The clouds that ``toft up`` writes: a tenant's and the operator's."""

ACCOUNTS = {TENANT: ("demo", "demo", "member"), ADMIN: ("admin", "admin", "admin")}
"""Cloud -> (user, project, role)."""


def passwords(path: Path) -> dict[str, str]:
    """Give each cloud's password: the one in the file if it is there, else a new random one."""
    try:
        known = yaml.safe_load(path.read_text())["clouds"]
        return {cloud: str(known[cloud]["auth"]["password"]) for cloud in ACCOUNTS}
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return {cloud: secrets.token_urlsafe(18) for cloud in ACCOUNTS}


def write(
    path: Path, url: str, secret: dict[str, str], accounts: Mapping[str, tuple[str, str, str]] = ACCOUNTS
) -> None:
    """Write the file whole, readable by its owner only."""
    clouds = {
        cloud: {
            "auth": {
                "auth_url": f"{url}/identity/v3",
                "username": user,
                "password": secret[cloud],
                "project_name": project,
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "region_name": "RegionOne",
            "identity_api_version": 3,
        }
        for cloud, (user, project, _role) in accounts.items()
    }
    with written_whole(path) as file:
        yaml.safe_dump({"clouds": clouds}, file, sort_keys=False, encoding="utf-8")
