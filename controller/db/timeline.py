"""The timeline in SQL: what each step of each workflow did, for people to read."""

from collections.abc import Sequence

from common.model.workflow import Moment
from controller.db import tables
from controller.db.engine import Tx
from controller.db.records import Noun

TIMELINE = Noun(Moment, tables.timeline)


def add(tx: Tx, moments: Sequence[Moment]) -> None:
    """Insert lines."""
    TIMELINE.add(tx, moments)


def of_subject(tx: Tx, subject: str) -> list[Moment]:
    """Read a subject's timeline, oldest first."""
    mine = TIMELINE.select().where(tables.timeline.c.subject == subject)
    return TIMELINE.read(tx, mine.order_by(tables.timeline.c.at, tables.timeline.c.id))
