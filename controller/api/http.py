"""A request as handlers see it, and the answers they give."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any, TypeVar, cast

import falcon

from common import errors
from common.model.identity import Who
from common.settings import Settings
from controller.answers import Answers
from controller.api import bodies
from controller.api.callers import Callers
from controller.api.microversion import Version
from controller.api.passwords import Passwords
from controller.api.policy import Policy
from controller.backlog import Backlog
from controller.db.engine import Store, Tx
from controller.enrolment import Enrolment
from controller.image_copies import ImageCopies
from controller.image_store import ImageStore
from controller.secrets import ImageUrls, Secrets
from controller.workflow.world import World
from controller.writer import Change, Key, Writer

R = TypeVar("R")
KEY_LIMIT = 255
JSON_TYPE = re.compile(r"application/(json|[a-z0-9.+-]*json-patch(\+json)?)")
"""Content types of JSON; a JSON patch has several, by its dialect."""


@dataclass(frozen=True)
class Services:
    """What handlers may use; made once, at the start."""

    store: Store
    writer: Writer
    world: World
    settings: Settings
    secrets: Secrets
    images: ImageStore
    copies: ImageCopies
    enrolment: Enrolment
    backlog: Backlog
    policy: Policy
    passwords: Passwords
    image_urls: ImageUrls
    answers: Answers
    controller: str
    """This controller's name, as ``image_copy`` has it."""

    @cached_property
    def callers(self) -> Callers:
        """Remember who sent which token."""
        return Callers(self.world.clock)


@dataclass(frozen=True)
class Answer:
    """A status, a body (a dict or Struct, encoded as JSON; or an open file with its length) and headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: IO[bytes] | None = None
    length: int = 0


class Request:
    """One request: who asks, what for, and the ways to what is needed to answer."""

    def __init__(
        self,
        raw: falcon.Request,
        path: Mapping[str, str],
        services: Services,
        version: Version,
        who: Who | None,
        request_id: str,
    ) -> None:
        bodies.check_text(dict(path), "path")
        self._raw, self._who = raw, who
        self._body: bytes | None = None
        self.path, self.services, self.version, self.request_id = path, services, version, request_id

    @property
    def who(self) -> Who:
        """Give the caller.

        :raises Unauthorized: the route is public and no token came.
        """
        if self._who is None:
            raise errors.Unauthorized("log in first: this needs a token in X-Auth-Token")
        return self._who

    @property
    def project_id(self) -> str:
        """Give the caller's project.

        :raises Forbidden: the token is for no project.
        """
        if self.who.project_id is None:
            raise errors.Forbidden("the token is not for a project; ask for one with a project scope")
        return self.who.project_id

    def allow(self, rule: str, project_id: str | None = None, hide: bool = False, **target: str) -> None:
        """Ask the policy.

        :param project_id: the project of the thing that is touched; None: the caller's own.
        :param hide: a refusal is shown as NotFound.
        :param target: further attributes that the rule's check may name, such as ``user_id``.
        :raises Forbidden: the rule says no.
        """
        target = {"project_id": project_id or self.who.project_id or "", **target}
        if not self.services.policy.allows(rule, self.who, target):
            if hide:
                raise errors.NotFound("there is no such thing")
            raise errors.Forbidden(f"the policy does not allow {rule}")

    def header(self, name: str) -> str | None:
        """Give a header, or None.

        :raises BadRequest: it has characters that cannot be kept.
        """
        value: str | None = self._raw.get_header(name)
        bodies.check_text(value, f"header {name}")
        return value

    def body(self) -> bytes:
        """Read the whole body, once.

        :raises TooLarge: it is over the limit for JSON.
        """
        if self._body is None:
            limit = self.services.settings.api.max_body
            too_large = errors.TooLarge(f"the body may have {limit} bytes at most")
            if (self._raw.content_length or 0) > limit:
                raise too_large
            self._body = self.body_stream().read(limit + 1)
            if len(self._body) > limit:
                raise too_large
        return self._body

    def body_stream(self) -> IO[bytes]:
        """Give the body as a stream, for uploads; it ends where the body ends, chunked or not."""
        chunked = self._raw.content_length is None and self._raw.env.get("wsgi.input_terminated")
        return cast(IO[bytes], self._raw.stream if chunked else self._raw.bounded_stream)

    @property
    def body_length(self) -> int | None:
        """Give the body's length as the client says it; None where it does not."""
        length: int | None = self._raw.content_length
        return length

    def json(self, schema: bodies.Schema) -> Any:
        """Read the body as JSON that fits the schema.

        :raises UnsupportedMediaType: the client says that it is something else.
        :raises BadRequest: it does not; the message names the place.
        :raises TooLarge: it is over the limit.
        """
        said = (self.header("Content-Type") or "application/json").partition(";")[0].strip().lower()
        if not JSON_TYPE.fullmatch(said):
            raise errors.UnsupportedMediaType(f"the body is to be application/json, not {said}")
        value = bodies.decode(self.body(), self.services.settings.api.max_depth)
        bodies.validate(value, schema, "body")
        return value

    def query(self, schema: bodies.Schema) -> dict[str, Any]:
        """Read the query string as the schema says; lists where it says ``array``.

        :raises BadRequest: it does not fit.
        """
        return bodies.query(self._raw.query_string, schema)

    @property
    def query_string(self) -> str:
        """Give the query string as it came, for links to the next page."""
        return str(self._raw.query_string)

    def read(self) -> AbstractContextManager[Tx]:
        """Open a transaction that only reads."""
        return self.services.store.read()

    @property
    def has_key(self) -> bool:
        """Say whether the client sent an Idempotency-Key."""
        return self.header("Idempotency-Key") is not None

    def submit(self, change: Change[R], body: bytes | None = None) -> R:
        """Hand a change to the writer, with the request's Idempotency-Key; gives its result after the commit.

        :param body: what stands for the body in the request's digest, where ``body()`` was not read (uploads).
        :raises ToftError: the change's own refusal.
        """
        try:
            return self.services.writer.submit(change, self._key(body))
        finally:
            if change.of_identity:
                self.services.callers.forget()

    def _key(self, body: bytes | None) -> Key | None:
        key = self.header("Idempotency-Key")
        if key is None:
            return None
        if not 0 < len(key) <= KEY_LIMIT:
            raise errors.BadRequest(f"Idempotency-Key: send 1 to {KEY_LIMIT} characters")
        # a key is its project's, but an answer is its user's: a made keypair's private half is in it
        words = [self.who.user_id, self._raw.method, self._raw.path, self._raw.query_string]
        parts = [word.encode() for word in words]
        digest = self.services.secrets.digest(b"\n".join([*parts, self.body() if body is None else body]))
        return Key(self.who.project_id or self.who.user_id, key, digest)

    def url(self, path: str) -> str:
        """Give the absolute URL of ``path``, as clients reach this API."""
        return f"{self.services.settings.api_url}{path}"


def ok(body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer 200."""
    return Answer(200, body, headers or {})


def _located(status: int, body: Any, location: str | None) -> Answer:
    return Answer(status, body, {"Location": location} if location else {})


def created(body: Any, location: str | None = None) -> Answer:
    """Answer 201, with the new thing's URL."""
    return _located(201, body, location)


def accepted(body: Any = None, location: str | None = None) -> Answer:
    """Answer 202: it is written down and will be done."""
    return _located(202, body, location)


def nothing() -> Answer:
    """Answer 204."""
    return Answer(204)


def stream(file: IO[bytes], length: int, content_type: str = "application/octet-stream") -> Answer:
    """Answer 200 with an open file, which the server closes."""
    return Answer(200, headers={"Content-Type": content_type}, file=file, length=length)
