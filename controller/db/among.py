"""``column IN (many)`` with ONE parameter: its text, and so its plan, is the same for one value or for a thousand."""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class _Texts(GenericFunction[str]):
    """The texts of a JSON list, as a query of one column."""

    type = sa.Text()
    inherit_cache = True


@compiles(_Texts, "postgresql")
def _in_postgresql(element: _Texts, compiler: Any, **more: Any) -> str:
    return f"(SELECT json_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS JSON)))"


@compiles(_Texts, "sqlite")
def _in_sqlite(element: _Texts, compiler: Any, **more: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **more)}))"


def among(column: "sa.Column[Any]", texts: Iterable[str]) -> sa.ColumnElement[bool]:
    """Say that a column of texts has one of these."""
    return column.op("IN", is_comparison=True)(_Texts(msgspec.json.encode(list(texts)).decode()))
