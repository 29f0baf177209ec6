import gzip
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import falcon
import pytest
from falcon import testing

from common import errors
from controller.api import app, errors_render
from controller.api.http import Answer, Request, accepted, created, nothing, ok, stream
from controller.api.microversion import Microversions, Version
from controller.api.route import Route, Service
from controller.db import identity
from controller.db.engine import Store
from tests.services.api import Api, api

VERSIONS = Microversions("compute", "X-OpenStack-Nova-API-Version", Version(2, 1), Version(2, 3))
BODY = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.fixture
def served(sqlite_store: Store, tmp_path: Path) -> Api:
    return api(sqlite_store, tmp_path)


def client(served: Api, *routes: Route, name: str = "compute") -> testing.TestClient:
    """Serve these routes alone, as a service with three versions."""
    form = getattr(errors_render, name)
    table = (Service(name, f"/{name}", routes, form, microversions=VERSIONS), Service("toft", "", (), form))
    return testing.TestClient(app.make(served.services, table))


def raising(error: Exception) -> Callable[[Request], Answer]:
    def handler(req: Request) -> Answer:
        raise error

    return handler


def answering(answer: Answer) -> Callable[[Request], Answer]:
    return lambda req: answer


def test_the_version_picks_the_handler(served: Api) -> None:
    asked = client(
        served,
        Route("GET", "/thing", answering(ok({"old": True})), until="2.1", public=True),
        Route("GET", "/thing", answering(ok({"new": True})), since="2.2", public=True),
        Route("GET", "/late", answering(ok({})), since="2.3", public=True),
    )
    assert asked.simulate_get("/compute/thing").json == {"old": True}
    later = asked.simulate_get("/compute/thing", headers={"OpenStack-API-Version": "compute 2.2"})
    assert (later.json, later.headers["openstack-api-version"]) == ({"new": True}, "compute 2.2")
    assert asked.simulate_get("/compute/late").status_code == 404
    latest = asked.simulate_get("/compute/late", headers={"X-OpenStack-Nova-API-Version": "latest"})
    assert latest.status_code == 200


@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("compute", errors.NotFound("gone"), {"itemNotFound": {"code": 404, "message": "gone"}}),
        ("compute", errors.TooLarge("big"), {"overLimit": {"code": 413, "message": "big"}}),
        ("image", errors.Conflict("no"), {"message": "no", "code": 409, "title": "Conflict"}),
        ("network", errors.Conflict("no"), {"NeutronError": {"type": "Conflict", "message": "no", "detail": ""}}),
        ("identity", errors.Forbidden("no"), {"error": {"code": 403, "message": "no", "title": "Forbidden"}}),
        ("network", errors.Unauthorized("who"), {"error": {"code": 401, "message": "who", "title": "Unauthorized"}}),
    ],
)
def test_each_service_writes_errors_in_its_form(
    served: Api, name: str, error: errors.ToftError, expected: dict[str, Any]
) -> None:
    answer = client(served, Route("GET", "/thing", raising(error), public=True), name=name).simulate_get(
        f"/{name}/thing"
    )
    assert (answer.status_code, answer.json) == (error.status, expected)


def test_what_is_away_for_now_is_503_with_a_time_to_try_again(served: Api) -> None:
    asked = client(served, Route("GET", "/thing", raising(errors.DatabaseUnavailable("away")), public=True))
    answer = asked.simulate_get("/compute/thing")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json == {"serviceUnavailable": {"code": 503, "message": "away"}}


@pytest.mark.parametrize("error", [RuntimeError("secret"), errors.HypervisorError("secret")])
def test_internals_stay_in_the_log(served: Api, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    asked = client(served, Route("GET", "/thing", raising(error), public=True))
    with caplog.at_level(logging.ERROR):
        answer = asked.simulate_get("/compute/thing")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-openstack-request-id"] in answer.json["computeFault"]["message"]
    assert "secret" in caplog.text


def test_answers_of_all_kinds(served: Api) -> None:
    asked = client(
        served,
        Route("GET", "/nothing", answering(nothing()), public=True),
        Route("GET", "/accepted", answering(accepted(location="http://there")), public=True),
        Route("GET", "/created", answering(created({"a": 1})), public=True),
        Route("GET", "/stream", lambda req: stream(io.BytesIO(b"bytes"), 5), public=True),
    )
    assert asked.simulate_get("/compute/nothing").status_code == 204
    taken = asked.simulate_get("/compute/accepted")
    assert (taken.status_code, taken.headers["location"], taken.content) == (202, "http://there", b"")
    assert asked.simulate_get("/compute/created").json == {"a": 1}
    streamed = asked.simulate_get("/compute/stream")
    assert (streamed.content, streamed.headers["content-length"]) == (b"bytes", "5")


def echo(req: Request) -> Answer:
    return ok(req.json(BODY))


def test_bodies_are_bounded(served: Api) -> None:
    asked = client(served, Route("POST", "/echo", echo, public=True))
    limit = served.services.settings.api.max_body
    assert asked.simulate_post("/compute/echo", body=b" " * (limit + 1)).status_code == 413
    assert asked.simulate_post("/compute/echo", body=b"[" * 100).status_code == 400
    assert asked.simulate_post("/compute/echo", json={"a": 1}).json == {"a": 1}


def test_a_chunked_body_is_read_to_its_end_and_bounded_too(served: Api) -> None:
    def send(body: bytes) -> testing.Result:
        asked = client(served, Route("POST", "/echo", echo, public=True))
        extras = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        return asked.simulate_post("/compute/echo", extras=extras)

    assert send(b'{"a": 2}').json == {"a": 2}
    assert send(b" " * (served.services.settings.api.max_body + 1)).status_code == 413


def test_addresses_with_characters_that_cannot_be_kept_are_refused(served: Api) -> None:
    asked = client(served, Route("GET", "/things/{name}", answering(ok({})), public=True))
    assert asked.simulate_get("/compute/things/a%00b").status_code == 400


def test_falcon_s_own_refusals_are_in_the_service_s_form(served: Api) -> None:
    asked = client(served, Route("GET", "/thing", answering(ok({})), public=True))
    assert asked.simulate_get("/compute/other").json["itemNotFound"]["code"] == 404
    assert asked.simulate_post("/compute/thing").json["badMethod"]["code"] == 405
    broken = client(served, Route("GET", "/thing", raising(falcon.HTTPInvalidHeader("not a number", "X")), public=True))
    assert broken.simulate_get("/compute/thing").json["badRequest"]["code"] == 400


def test_a_change_carries_the_idempotency_key(served: Api) -> None:
    for body in ({"project": {"name": "a"}}, {"project": {"name": "b"}}):
        answer = served.call("POST", "/identity/v3/projects", "admin", json=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201
    first, second = (key for key in served.writer.keys if key)
    assert (first.key, first.project_id) == (second.key, second.project_id) == ("k", first.project_id)
    assert first.request_digest != second.request_digest


def test_an_idempotency_key_is_short(served: Api) -> None:
    body = {"project": {"name": "a"}}
    answer = served.call("POST", "/identity/v3/projects", "admin", json=body, headers={"Idempotency-Key": "k" * 256})
    assert answer.status_code == 400


def test_tokens_end(served: Api) -> None:
    token = served.login("demo")
    asked = {"headers": {"X-Auth-Token": token}}
    assert served.client.simulate_get("/identity/v3/auth/projects", **asked).status_code == 200
    served.clock.advance(served.services.settings.api.token_seconds)
    answer = served.client.simulate_get("/identity/v3/auth/projects", **asked)
    assert (answer.status_code, answer.json["error"]["message"]) == (401, "the token has expired; ask for a new one")


def test_an_old_token_does_not_stop_a_login(served: Api) -> None:
    given = {"name": "demo", "domain": {"id": "default"}, "password": "demo-password"}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": given}}}}
    answer = served.client.simulate_post("/identity/v3/auth/tokens", json=body, headers={"X-Auth-Token": "old"})
    assert answer.status_code == 201


def test_a_disabled_user_s_token_is_worth_nothing(served: Api) -> None:
    token = served.login("demo")
    with served.services.store.tx() as tx:
        tx.change(identity.USERS.table, [{"name": "demo", "enabled": False}], where=("name",))
    answer = served.client.simulate_get("/identity/v3/auth/projects", headers={"X-Auth-Token": token})
    assert answer.status_code == 401


def test_a_token_of_no_project_does_nothing_in_one(served: Api) -> None:
    given = {"name": "demo", "domain": {"id": "default"}, "password": "demo-password"}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": given}}}}
    token = served.client.simulate_post("/identity/v3/auth/tokens", json=body).headers["x-subject-token"]
    headers = {"X-Auth-Token": token}
    assert served.client.simulate_get("/identity/v3/auth/projects", headers=headers).status_code == 200
    assert served.client.simulate_get("/image/v2/images", headers=headers).status_code == 403
    assert served.client.simulate_get("/image/v2/images/x", headers=headers).status_code == 403


def test_bytes_that_are_no_json_are_refused(served: Api) -> None:
    asked = client(served, Route("POST", "/echo", echo, public=True))
    assert asked.simulate_post("/compute/echo", body=gzip.compress(b"{}")).status_code == 400
