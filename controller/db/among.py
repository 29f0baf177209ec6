"""``column IN (many)`` with ONE parameter: its text, and so its plan, is the same for one value or for a thousand."""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction


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


class _Few(FunctionElement[bool]):
    """A column has one of a JSON list's texts, of which there are few: they are looked up one by one."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(_Few, "postgresql")
def _few_in_postgresql(element: _Few, compiler: Any, **more: Any) -> str:
    column, texts = (compiler.process(clause, **more) for clause in element.clauses)
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({texts} AS JSON))))"


@compiles(_Few, "sqlite")
def _few_in_sqlite(element: _Few, compiler: Any, **more: Any) -> str:
    column, texts = (compiler.process(clause, **more) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"


def few(column: "sa.ColumnElement[Any]", name: str) -> sa.ColumnElement[bool]:
    """Say the same as ``among``, for a column with an index and few texts beside many rows."""
    return _Few(column, sa.bindparam(name, type_=sa.Text()))


def among(column: "sa.ColumnElement[Any]", name: str) -> sa.ColumnElement[bool]:
    """Say that a column of texts has one of those that come as the parameter ``name``, as ``listed`` writes them.

    A statement that is made once, with named parameters, costs a third of one that is made anew at each call.
    """
    return column.op("IN", is_comparison=True)(_Texts(sa.bindparam(name, type_=sa.Text())))


def listed(texts: Iterable[str]) -> str:
    """Write texts as such a parameter."""
    return msgspec.json.encode(list(texts)).decode()
