"""Who asks: projects, users and what a token says of them."""

from datetime import datetime

from common.model import Record

DEFAULT_DOMAIN = "default"
"""The only domain; its name is ``Default``."""


class Project(Record, frozen=True):
    """A tenant: owner of servers, images, networks, and of a quota."""

    id: str
    name: str
    description: str = ""
    enabled: bool = True
    domain_id: str = DEFAULT_DOMAIN


class User(Record, frozen=True):
    """A person or program that can log in. ``password_hash`` is argon2's encoded form."""

    id: str
    name: str
    password_hash: str
    enabled: bool = True
    domain_id: str = DEFAULT_DOMAIN


class Grant(Record, frozen=True):
    """A user's role in a project: ``admin``, ``member`` or ``reader``."""

    user_id: str
    project_id: str
    role: str


class Who(Record, frozen=True):
    """The caller of one request, as its token says. ``project_id`` is None for an unscoped token."""

    user_id: str
    user_name: str
    project_id: str | None
    project_name: str | None
    roles: tuple[str, ...]
    expires_at: datetime
    issued_at: datetime
    audit_id: str

    @property
    def is_admin(self) -> bool:
        """Say whether the caller may do what operators do."""
        return "admin" in self.roles
