"""Tokens: made, read, and turned into who asks."""

import base64
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from common import errors
from common.model.identity import Project, User, Who
from controller import secrets
from controller.api.http import Services
from controller.api.policy import implied
from controller.db import identity
from controller.db.engine import Tx


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token carries. Times are seconds since 1970; what the user may do is read anew at each request."""

    user_id: str
    project_id: str | None
    methods: tuple[str, ...]
    issued: int
    expires: int
    audit_ids: tuple[str, ...]
    """Its own, and the one of the token that it was made from."""


@dataclass(frozen=True)
class Session:
    """A valid token's whole story."""

    token: Token
    user: User
    project: Project | None
    roles: tuple[str, ...]

    @property
    def who(self) -> Who:
        """Give the caller, as handlers know it."""
        return Who(
            user_id=self.user.id,
            user_name=self.user.name,
            project_id=self.project.id if self.project else None,
            project_name=self.project.name if self.project else None,
            roles=self.roles,
            expires_at=datetime.fromtimestamp(self.token.expires, UTC),
            issued_at=datetime.fromtimestamp(self.token.issued, UTC),
            audit_id=self.token.audit_ids[0],
        )


def issue(
    services: Services, user: User, project: Project | None, methods: tuple[str, ...], old: Token | None
) -> Token:
    """Make a token; one that is made from another lives no longer than that."""
    now = services.world.clock.now()
    expires = int((now + timedelta(seconds=services.settings.api.token_seconds)).timestamp())
    audit = base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
    return Token(
        user_id=user.id,
        project_id=project.id if project else None,
        methods=methods if old is None else tuple(sorted({*methods, *old.methods})),
        issued=int(now.timestamp()),
        expires=expires if old is None else min(expires, old.expires),
        audit_ids=(audit,) if old is None else (audit, old.audit_ids[-1]),
    )


def seal(services: Services, token: Token) -> str:
    """Write a token as clients carry it."""
    return services.secrets.tokens.encrypt_at_time(msgspec.msgpack.encode(token), token.issued).decode()


def session(services: Services, tx: Tx, sealed: str) -> Session:
    """Read a token and what its user may do now.

    :raises Unauthorized: it is not ours, has expired, was given back, or its user or project is no more.
    """
    token = msgspec.msgpack.decode(secrets.unseal(services.secrets.tokens, sealed.encode()), type=Token)
    if token.expires <= services.world.clock.now().timestamp():
        raise errors.Unauthorized("the token has expired; ask for a new one")
    user = identity.user(tx, token.user_id)
    project = identity.project(tx, token.project_id) if token.project_id else None
    roles = implied(identity.roles(tx, token.user_id, token.project_id)) if token.project_id else ()
    gone = user is None or not user.enabled
    lost = token.project_id is not None and (project is None or not project.enabled or not roles)
    if user is None or gone or lost or any(identity.revoked(tx, audit) for audit in token.audit_ids[:1]):
        raise errors.Unauthorized("the token is not valid any more; ask for a new one")
    return Session(token, user, project, roles)


def caller(services: Services, sealed: str) -> Who:
    """Give who sent this token.

    :raises Unauthorized: it is not valid.
    """
    known = services.callers.find(sealed)
    if known is not None:
        return known
    age = services.callers.age
    with services.store.read() as tx:
        who = session(services, tx, sealed).who
    services.callers.keep(sealed, who, age)
    return who
