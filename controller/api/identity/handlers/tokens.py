"""Tokens: issued, shown, given back."""

from typing import Any

from common import errors
from common.model.identity import DEFAULT_DOMAIN, Project, User
from controller.admission.identity import RevokeToken
from controller.api import auth
from controller.api.http import Answer, Request, created, nothing, ok
from controller.api.identity.schemas import tokens as schemas
from controller.api.identity.views import tokens as views
from controller.api.policy import implied
from controller.db import identity
from controller.db.engine import Tx

WRONG = "the user, the password or the project is wrong"


def create(req: Request) -> Answer:
    """Log in, by password or by another token."""
    asked = req.json(schemas.CREATE)["auth"]
    query = req.query(schemas.QUERY)
    method = asked["identity"]["methods"][0]
    if method not in asked["identity"]:
        raise errors.BadRequest(f"body.auth.identity.{method}: is missing, and methods names it")
    user, old = (_by_password if method == "password" else _by_token)(req, asked["identity"][method])
    with req.read() as tx:
        project = _scope(tx, asked.get("scope", "unscoped"), user)
        roles = implied(identity.roles(tx, user.id, project.id)) if project else ()
    if project is not None and not roles:
        raise errors.Unauthorized(WRONG)
    token = auth.issue(req.services, user, project, (method,), old)
    session = auth.Session(token, user, project, roles)
    answer = created(views.token(req, session, "nocatalog" not in query))
    return Answer(
        answer.status, answer.body, {"X-Subject-Token": auth.seal(req.services, token), "Vary": "X-Auth-Token"}
    )


def _by_password(req: Request, asked: dict[str, Any]) -> tuple[User, None]:
    given = asked["user"]
    with req.read() as tx:
        user = _user(tx, given)
    known = user.password_hash if user is not None and user.enabled else None
    named = user.id if user is not None else f"{given.get('id', '')} {given.get('name', '')}"
    if not req.services.passwords.check(named, given["password"], known) or user is None:
        raise errors.Unauthorized(WRONG)
    return user, None


def _user(tx: Tx, given: dict[str, Any]) -> User | None:
    if "id" in given:
        return identity.user(tx, given["id"])
    return next(iter(identity.users(tx, given["name"])), None) if _default(given["domain"]) else None


def _default(domain: dict[str, Any]) -> bool:
    return bool(domain.get("id", DEFAULT_DOMAIN) == DEFAULT_DOMAIN and domain.get("name", "Default") == "Default")


def _by_token(req: Request, asked: dict[str, Any]) -> tuple[User, auth.Token]:
    with req.read() as tx:
        session = auth.session(req.services, tx, asked["id"])
    return session.user, session.token


def _scope(tx: Tx, scope: Any, user: User) -> Project | None:
    """Find the project that the token is to be for; None for an unscoped one.

    :raises Unauthorized: there is none of that name, or it is disabled.
    :raises BadRequest: another kind of scope.
    """
    if scope == "unscoped":
        return None
    if not isinstance(scope, dict) or "project" not in scope:
        raise errors.BadRequest("body.auth.scope: only project scopes and unscoped tokens are offered")
    given = scope["project"]
    if "id" in given:
        project = identity.project(tx, given["id"])
    else:
        project = next(iter(identity.projects(tx, given["name"])), None) if _default(given["domain"]) else None
    if project is None or not project.enabled:
        raise errors.Unauthorized(WRONG)
    return project


def _subject(req: Request) -> auth.Session:
    """Read the token that the request is about; only its own user and operators may see it."""
    sealed = req.header("X-Subject-Token")
    if not sealed:
        raise errors.BadRequest("header X-Subject-Token: is missing")
    with req.read() as tx:
        try:
            session = auth.session(req.services, tx, sealed)
        except errors.Unauthorized as error:
            raise errors.NotFound("there is no such token") from error
    req.allow("identity:validate_token", user_id=session.user.id, hide=True)
    return session


def show(req: Request) -> Answer:
    """Show a token, its catalog with it."""
    query = req.query(schemas.QUERY)
    session = _subject(req)
    headers = {"X-Subject-Token": req.header("X-Subject-Token") or "", "Vary": "X-Auth-Token"}
    return ok(views.token(req, session, "nocatalog" not in query), headers)


def check(req: Request) -> Answer:
    """Say whether a token is valid."""
    _subject(req)
    return Answer(200)


def delete(req: Request) -> Answer:
    """Give a token back; it is not accepted from now on."""
    session = _subject(req)
    req.submit(RevokeToken(audit_id=session.token.audit_ids[0], expires_at=session.who.expires_at))
    return nothing()


def catalog(req: Request) -> Answer:
    """Show the catalog for the request's own token."""
    return ok({"catalog": views.catalog(req), "links": {"self": req.url("/identity/v3/auth/catalog")}})
