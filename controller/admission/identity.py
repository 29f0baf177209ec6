"""Changes of projects, users, roles and tokens."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from common import errors
from common.model.identity import Grant, Project, User
from controller.db import identity, marks
from controller.db.engine import Tx
from controller.workflow.world import World
from controller.writer import Change

ROLES = ("admin", "member", "reader")


class CreateProject(Change[Project], frozen=True):
    """Make a project."""

    of_identity: ClassVar[bool] = True
    returns = Project
    name: str
    description: str = ""
    enabled: bool = True

    def apply(self, tx: Tx, world: World) -> Project:
        """Make it.

        :raises Conflict: one has that name.
        """
        if identity.projects(tx, self.name):
            raise errors.Conflict(f"there is a project {self.name} already")
        project = Project(id=world.ids(), name=self.name, description=self.description, enabled=self.enabled)
        identity.PROJECTS.add(tx, [project])
        return project


class CreateUser(Change[User], frozen=True):
    """Make a user. The password comes hashed, so that no transaction waits for that."""

    of_identity: ClassVar[bool] = True
    returns = User
    name: str
    password_hash: str
    enabled: bool = True

    def apply(self, tx: Tx, world: World) -> User:
        """Make it.

        :raises Conflict: one has that name.
        """
        if identity.users(tx, self.name):
            raise errors.Conflict(f"there is a user {self.name} already")
        user = User(id=world.ids(), name=self.name, password_hash=self.password_hash, enabled=self.enabled)
        identity.USERS.add(tx, [user])
        return user


class GrantRole(Change[None], frozen=True):
    """Give a user a role in a project; giving it twice is no error."""

    of_identity: ClassVar[bool] = True
    user_id: str
    project_id: str
    role: str

    def apply(self, tx: Tx, world: World) -> None:
        """Give it.

        :raises NotFound: there is no such user, project or role.
        """
        _must_exist(tx, self.user_id, self.project_id, self.role)
        if self.role not in identity.roles(tx, self.user_id, self.project_id):
            grant = Grant(user_id=self.user_id, project_id=self.project_id, role=self.role)
            identity.GRANTS.add(tx, [grant])


class TakeRole(Change[None], frozen=True):
    """Take a role in a project away from a user."""

    of_identity: ClassVar[bool] = True
    user_id: str
    project_id: str
    role: str

    def apply(self, tx: Tx, world: World) -> None:
        """Take it.

        :raises NotFound: the user does not have it.
        """
        grant = Grant(user_id=self.user_id, project_id=self.project_id, role=self.role)
        if not identity.remove_grants(tx, [grant]):
            raise errors.NotFound("the user does not have that role in that project")


def _must_exist(tx: Tx, user_id: str, project_id: str, role: str) -> None:
    if identity.user(tx, user_id) is None:
        raise errors.NotFound(f"there is no user {user_id}")
    if identity.project(tx, project_id) is None:
        raise errors.NotFound(f"there is no project {project_id}")
    if role not in ROLES:
        raise errors.NotFound(f"there is no role {role}; there are {', '.join(ROLES)}")


class RevokeToken(Change[None], frozen=True):
    """Accept a token no more."""

    of_identity: ClassVar[bool] = True
    audit_id: str
    expires_at: datetime

    def apply(self, tx: Tx, world: World) -> None:
        """Note it."""
        identity.revoke(tx, self.audit_id, self.expires_at)


class Bootstrap(Change[None], frozen=True):
    """Make users, each with a project and a role in it, where they are missing; give each its password.

    ``users`` maps a user's name to (password hash, project's name, role).
    """

    of_identity: ClassVar[bool] = True
    users: Mapping[str, tuple[str, str, str]]

    def apply(self, tx: Tx, world: World) -> None:
        """Make what is missing. Controllers that start at the same moment do so one after the other."""
        marks.claim(tx, "users at start", "")
        for name, (password_hash, project_name, role) in self.users.items():
            found = identity.projects(tx, project_name)
            project = found[0] if found else CreateProject(name=project_name).apply(tx, world)
            known = identity.users(tx, name)
            if known:
                user = msgspec.structs.replace(known[0], password_hash=password_hash)
                identity.USERS.save(tx, [user])
            else:
                user = CreateUser(name=name, password_hash=password_hash).apply(tx, world)
            GrantRole(user_id=user.id, project_id=project.id, role=role).apply(tx, world)
