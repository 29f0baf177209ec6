"""Images in SQL, and who holds their files."""

import operator as op
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from common.model.image import Image, ImageStatus
from common.states import State
from controller.db import tables
from controller.db.among import among, listed
from controller.db.engine import Tx
from controller.db.paging import Page, Paged, page_of
from controller.db.records import Noun

IMAGES = Noun(Image, tables.image)
_columns = tables.image.c
_NAMED = IMAGES.select().where(among(_columns.id, "ids")).order_by(_columns.id)
_Clause = sa.ColumnElement[bool]


COMPARED = {"gt": op.gt, "gte": op.ge, "lt": op.lt, "lte": op.le, "eq": op.eq, "neq": op.ne}
"""How times are compared, as clients name it."""


class Filters(NamedTuple):
    """What a list is to have. ``equal`` is by column, ``properties`` by an image's own properties.

    ``among`` are the values that a column may have, ``times`` are (column, one of ``COMPARED``, moment).
    """

    equal: Mapping[str, str | int | bool] = {}
    among: Mapping[str, tuple[str, ...]] = {}
    times: tuple[tuple[str, str, datetime], ...] = ()
    properties: Mapping[str, str] = {}
    tags: tuple[str, ...] = ()
    hidden: bool = False
    min_size: int | None = None
    max_size: int | None = None


def get(tx: Tx, ids: Iterable[str], lock: bool = False) -> dict[str, Image]:
    """Read images by id, of whomever, deleted ones too: servers that were made of them still name them."""
    return {i.id: i for i in IMAGES.read(tx, _NAMED, lock, ids=listed(set(ids)))}


def visible(tx: Tx, image_id: str, project_id: str | None, lock: bool = False) -> Image | None:
    """Read an image that a project may see: its own, public and community ones. No project: any."""
    statement = IMAGES.select().where(_columns.id == image_id, _alive(), *_seen_by(project_id, listed=False))
    return IMAGES.first(tx, statement, lock)


def may_use(image: Image, project_id: str) -> bool:
    """Say whether a project may make servers of an image: its own, public and community ones that are not deleted."""
    mine = image.project_id == project_id or image.visibility in ("public", "community")
    return mine and image.status is not ImageStatus.DELETED


def listing(tx: Tx, project_id: str | None, filters: Filters, page: Page) -> Paged[Image]:
    """Read a page of what a project's list has: its own and public ones, community ones only if asked for."""
    community = filters.equal.get("visibility") == "community"
    where = [_alive(), *_seen_by(project_id, listed=not community), *_wanted(filters)]
    return page_of(tx, IMAGES, where, page)


def _alive() -> _Clause:
    return _columns.status != ImageStatus.DELETED.value


def _seen_by(project_id: str | None, listed: bool) -> list[_Clause]:
    if project_id is None:
        return []
    open_to_all = ("public",) if listed else ("public", "community")
    return [sa.or_(_columns.project_id == project_id, _columns.visibility.in_(open_to_all))]


def _wanted(filters: Filters) -> list[_Clause]:
    where: list[_Clause] = [_columns[name] == value for name, value in filters.equal.items()]
    where += [_columns.properties[name].as_string() == value for name, value in filters.properties.items()]
    # tags are a JSON list: each stands in its text in quotes of its own
    text = sa.cast(_columns.tags, sa.Text)
    where += [text.contains(msgspec.json.encode(tag).decode(), autoescape=True) for tag in filters.tags]
    where.append(_columns.hidden.is_(filters.hidden))
    where += [_columns[name].in_(values) for name, values in filters.among.items()]
    where += [COMPARED[way](_columns[name], at) for name, way, at in filters.times]
    if filters.min_size is not None:
        where.append(_columns.size >= filters.min_size)
    if filters.max_size is not None:
        where.append(_columns.size <= filters.max_size)
    return where


def save(tx: Tx, image: Image) -> None:
    """Write an image that is there already, whole."""
    IMAGES.save(tx, [image])


def add_copy(tx: Tx, image_id: str, controller: str, digest: str) -> None:
    """Note that a controller holds an image's file."""
    tx.put(tables.image_copy, [{"image_id": image_id, "controller": controller, "digest": digest}])


def drop_copies(tx: Tx, controller: str, digests: Iterable[str]) -> None:
    """Note that a controller holds these files no more."""
    rows = [{"controller": controller, "digest": digest} for digest in digests]
    tx.remove(tables.image_copy, rows, where=("controller", "digest"))


def holders(tx: Tx, digest: str) -> list[str]:
    """List the controllers that hold a file."""
    copies = tables.image_copy.c
    found = tx.rows(sa.select(copies.controller).distinct().where(copies.digest == digest).order_by(copies.controller))
    return [controller for (controller,) in found]


def add_copies(tx: Tx, controller: str, digest: str) -> int:
    """Note that a controller holds a file, for each image that has it; says how many those are."""
    statement = sa.select(_columns.id).where(_columns.digest == digest, _alive()).order_by(_columns.id)
    ids = [image_id for (image_id,) in tx.rows(statement.with_for_update())]
    tx.ensure(tables.image_copy, [{"image_id": i, "controller": controller, "digest": digest} for i in ids])
    return len(ids)


def copies(tx: Tx, controller: str) -> set[str]:
    """List the digests of what a controller holds."""
    held = tables.image_copy.c
    return {digest for (digest,) in tx.rows(sa.select(held.digest).distinct().where(held.controller == controller))}


def lacking(tx: Tx, controller: str, others: Iterable[str]) -> str | None:
    """Give the digest of a file that a controller does not hold, and one of ``others`` does."""
    mine = tables.image_copy.alias()
    theirs = tables.image_copy.c
    held = sa.exists().where(mine.c.controller == controller, mine.c.digest == theirs.digest)
    statement = (
        sa.select(theirs.digest)
        .join(tables.image, _columns.id == theirs.image_id)
        .where(_alive(), theirs.controller.in_(sorted(set(others) - {controller})), ~held)
        .order_by(_columns.created_at, _columns.id)
        .limit(1)
    )
    row = tx.one(statement)
    return str(row[0]) if row else None


def needed(tx: Tx) -> set[str]:
    """List the digests of files to keep: of every image, and of deleted ones that a server is being built from."""
    building = sa.select(tables.server.c.image_id).where(tables.server.c.state == State.BUILD.value)
    kept = sa.or_(_alive(), _columns.id.in_(building))
    found = tx.rows(sa.select(_columns.digest).distinct().where(_columns.digest.is_not(None), kept))
    return {digest for (digest,) in found}
