"""Projects, users, their roles, and tokens that were given back, in SQL."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from common.model.identity import Grant, Project, User
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

PROJECTS = Noun(Project, tables.project)
USERS = Noun(User, tables.user)
GRANTS = Noun(Grant, tables.grant)


def project(tx: Tx, project_id: str) -> Project | None:
    """Read a project by its id."""
    return PROJECTS.first(tx, PROJECTS.select().where(tables.project.c.id == project_id))


def projects(tx: Tx, name: str | None = None) -> list[Project]:
    """List projects by name."""
    statement = PROJECTS.select().order_by(tables.project.c.name)
    return PROJECTS.read(tx, statement if name is None else statement.where(tables.project.c.name == name))


def projects_of(tx: Tx, user_id: str) -> list[Project]:
    """List the enabled projects in which a user has a role, by name."""
    granted = sa.select(tables.grant.c.project_id).where(tables.grant.c.user_id == user_id)
    found = PROJECTS.select().where(tables.project.c.id.in_(granted), tables.project.c.enabled.is_(True))
    return PROJECTS.read(tx, found.order_by(tables.project.c.name))


def user(tx: Tx, user_id: str) -> User | None:
    """Read a user by its id."""
    return USERS.first(tx, USERS.select().where(tables.user.c.id == user_id))


def users(tx: Tx, name: str | None = None) -> list[User]:
    """List users by name."""
    statement = USERS.select().order_by(tables.user.c.name)
    return USERS.read(tx, statement if name is None else statement.where(tables.user.c.name == name))


def roles(tx: Tx, user_id: str, project_id: str) -> tuple[str, ...]:
    """List a user's roles in a project, without those they imply."""
    g = tables.grant.c
    found = tx.rows(sa.select(g.role).where(g.user_id == user_id, g.project_id == project_id).order_by(g.role))
    return tuple(role for (role,) in found)


def grants(tx: Tx, **wanted: str | None) -> list[Grant]:
    """List who has which role where: by ``user_id``, ``project_id``, ``role``; None: any."""
    g = tables.grant.c
    where = [g[name] == value for name, value in wanted.items() if value is not None]
    return GRANTS.read(tx, GRANTS.select().where(*where).order_by(g.user_id, g.project_id, g.role))


def remove_grants(tx: Tx, removed: Sequence[Grant]) -> int:
    """Take roles away; gives how many there were."""
    return tx.remove(tables.grant, [GRANTS.row(grant) for grant in removed], where=("user_id", "project_id", "role"))


def revoke(tx: Tx, audit_id: str, expires_at: datetime) -> None:
    """Note that a token is not to be accepted any more; it need not be remembered after it expires."""
    if not revoked(tx, audit_id):
        tx.put(tables.revocation, [{"audit_id": audit_id, "expires_at": expires_at}])


def revoked(tx: Tx, audit_id: str) -> bool:
    """Say whether a token was given back."""
    return tx.one(sa.select(tables.revocation.c.audit_id).where(tables.revocation.c.audit_id == audit_id)) is not None
