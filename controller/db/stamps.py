"""Stamps: how a reader learns which hosts changed since it last looked, without reading them all.

Whoever changes what a scheduler sees of a host writes a stamp to its column ``changed``. A reader notes the horizon
before it reads; next time, what has a stamp from that horizon on may be news. Nothing is missed, also when transactions
end in another order than they began; some hosts may be told twice.

PostgreSQL: the transaction's number, and the oldest one that was still open. In SQLite, which keeps small fleets, all
stamps are alike and from any horizon on, so that all hosts are told each time.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Stamp(FunctionElement[int]):
    """What a change writes to ``changed``."""

    type = sa.BigInteger()
    inherit_cache = True


class Horizon(FunctionElement[int]):
    """The stamp from which on changes may not be seen yet."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(Stamp, "postgresql")
def _stamp(_element: Stamp, _compiler: Any, **_: Any) -> str:
    return "(pg_current_xact_id()::text::bigint)"


@compiles(Horizon, "postgresql")
def _horizon(_element: Horizon, _compiler: Any, **_: Any) -> str:
    return "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"


@compiles(Stamp, "sqlite")
@compiles(Horizon, "sqlite")
def _alike(_element: Stamp | Horizon, _compiler: Any, **_: Any) -> str:
    return "0"
