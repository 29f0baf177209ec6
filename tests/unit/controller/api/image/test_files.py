"""Images' files through the API: what is kept, what is given out, and what goes when."""

import hashlib
import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import sqlalchemy as sa

from common import errors, settings
from controller.admission.images import FinishUpload
from controller.api.image import files
from controller.db import images, tables
from controller.db.engine import Store
from controller.writer import Change, Key
from tests.services.api import Api, api
from tests.unit.common.images import qcow2

DATA = qcow2()
DIGEST = hashlib.sha256(DATA).hexdigest()
IMAGE = {"name": "tiny", "disk_format": "qcow2", "container_format": "bare"}


@pytest.fixture
def served(sqlite_store: Store, tmp_path: Path) -> Api:
    return api(sqlite_store, tmp_path)


def make(served: Api, **more: Any) -> str:
    answer = served.call("POST", "/image/v2/images", json={**IMAGE, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def upload(served: Api, image: str, data: bytes = DATA, **headers: str) -> int:
    answer = served.call("PUT", f"/image/v2/images/{image}/file", body=data, headers=headers)
    return int(answer.status_code)


def delete(served: Api, image: str) -> None:
    assert served.call("DELETE", f"/image/v2/images/{image}").status_code == 204


def status(served: Api, image: str) -> str:
    return str(served.call("GET", f"/image/v2/images/{image}").json["status"])


def test_an_agent_fetches_with_a_signed_url(served: Api) -> None:
    assert upload(served, make(served)) == 204
    url = urlsplit(served.services.image_urls.sign(DIGEST, "host"))
    answer = served.client.simulate_get(url.path, query_string=url.query)
    assert (answer.status_code, answer.content) == (200, DATA)
    with served.services.store.read() as tx:
        assert images.holders(tx, DIGEST) == ["here"]


def test_a_file_stays_while_an_image_has_its_bytes(served: Api) -> None:
    first, second = make(served), make(served)
    assert (upload(served, first), upload(served, second)) == (204, 204)
    delete(served, first)
    assert served.services.images.held() == {DIGEST}
    delete(served, second)
    assert served.services.images.held() == set()
    with served.services.store.read() as tx:
        assert images.holders(tx, DIGEST) == []


def build_a_server(tx: Any, image: str, state: str) -> None:
    row = {c.name: "x" for c in tables.server.c if not c.nullable and isinstance(c.type, sa.Text)}
    now = tx.one(sa.select(tables.image.c.created_at))[0]
    given = {"image_id": image, "state": state, "generation": 1, "guest": {}, "config_drive": True}
    tx.put(tables.server, [{**row, **given, "created_at": now, "updated_at": now}])


def test_a_file_stays_while_a_server_is_built_of_its_deleted_image(served: Api) -> None:
    image = make(served)
    assert upload(served, image) == 204
    with served.services.store.tx() as tx:
        build_a_server(tx, image, "BUILD")
    delete(served, image)
    assert served.services.images.held() == {DIGEST}
    with served.services.store.tx() as tx:
        assert images.get(tx, [image])[image].digest == DIGEST
        tx.change(tables.server, [{"image_id": image, "state": "ACTIVE"}], where=("image_id",))
    files.tidy(served.services)
    assert served.services.images.held() == set()


def test_a_refused_upload_leaves_nothing_and_the_image_waits(served: Api) -> None:
    image = make(served)
    assert upload(served, image, qcow2(backing=200)) == 400
    assert (status(served, image), served.services.images.held()) == ("queued", set())
    assert upload(served, image) == 204


def test_an_upload_over_the_limit_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    chosen = settings.Settings(images=settings.Images(max_bytes=len(DATA) - 1))
    served = api(sqlite_store, tmp_path, chosen)
    image = make(served)
    assert upload(served, image) == 413
    assert (status(served, image), served.services.images.held()) == ("queued", set())


def test_an_upload_with_a_key_may_be_sent_again(served: Api) -> None:
    image = make(served)
    assert upload(served, image, **{"Idempotency-Key": "k"}) == 204
    assert upload(served, image, **{"Idempotency-Key": "k"}) == 409  # the double keeps no answers
    keys = [key for key in served.writer.keys if key is not None]
    assert keys[0] == keys[1]
    assert served.services.images.held() == {DIGEST}


class Refusing:
    """A writer that is away for one kind of change."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def submit(self, change: Change[Any], key: Key | None = None) -> Any:
        if isinstance(change, FinishUpload):
            raise errors.DatabaseUnavailable("away")
        return self._inner.submit(change, key)


def test_a_file_without_a_row_is_removed(sqlite_store: Store, tmp_path: Path) -> None:
    served = api(sqlite_store, tmp_path)
    image = make(served)
    object.__setattr__(served.services, "writer", Refusing(served.writer))
    assert upload(served, image) == 503
    assert served.services.images.held() == set()


class Late(Refusing):
    """A writer whose answer to one kind of change is lost: it is written after its submitter was told off."""

    def submit(self, change: Change[Any], key: Key | None = None) -> Any:
        if not isinstance(change, FinishUpload):
            self._inner.submit(self._late)
            return self._inner.submit(change, key)
        self._late = change
        raise errors.Unavailable("not written in time")


def test_a_file_whose_row_is_written_late_stays(served: Api) -> None:
    image = make(served)
    object.__setattr__(served.services, "writer", Late(served.writer))
    assert upload(served, image) == 503
    assert (status(served, image), served.services.images.held()) == ("active", {DIGEST})


def test_a_file_that_others_use_stays_when_an_upload_fails(served: Api) -> None:
    assert upload(served, make(served)) == 204
    second = make(served)
    object.__setattr__(served.services, "writer", Refusing(served.writer))
    assert upload(served, second) == 503
    assert served.services.images.held() == {DIGEST}


def test_the_format_may_not_change_during_an_upload(served: Api) -> None:
    image = make(served)
    received = served.services.images.receive(io.BytesIO(DATA), len(DATA), None)
    content = {"size": received.size, "virtual_size": 1, "digest": received.sha256, "md5": received.md5}
    change = msgspec.convert(
        {"image_id": image, "disk_format": "raw", "content": content, "controller": "here"}, FinishUpload
    )
    with pytest.raises(errors.Conflict, match="format was changed"):
        served.writer.submit(change)
    delete(served, image)
    with pytest.raises(errors.NotFound):
        served.writer.submit(change)


def test_a_project_has_as_many_images_as_its_quota(sqlite_store: Store, tmp_path: Path) -> None:
    served = api(sqlite_store, tmp_path, settings.Settings(quota=settings.Quota(images=1)))
    image = make(served)
    answer = served.call("POST", "/image/v2/images", json=IMAGE)
    assert (answer.status_code, "Quota exceeded for images" in answer.json["message"]) == (403, True)
    delete(served, image)
    make(served)
