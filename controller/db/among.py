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


def among(column: "sa.ColumnElement[Any]", name: str) -> sa.ColumnElement[bool]:
    """Say that a column of texts has one of those that come as the parameter ``name``, as ``listed`` writes them.

    A statement that is made once, with named parameters, costs a third of one that is made anew at each call.
    """
    return column.op("IN", is_comparison=True)(_Texts(sa.bindparam(name, type_=sa.Text())))


def listed(texts: Iterable[str]) -> str:
    """Write texts as such a parameter."""
    return msgspec.json.encode(list(texts)).decode()
