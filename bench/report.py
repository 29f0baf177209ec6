"""How a measurement is shown: a table with Nova's column beside it, and one JSON object where that is asked for."""

import json
import os
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Value = float | int | str | None


def show(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Value]], facts: Mapping[str, Value]) -> None:
    """Print a table, a column per way of running and Nova's last.

    With JSON=1 in the environment the last line is ``facts`` as one object.

    :param rows: what was measured -> a value per column.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for name, values in rows.items():
        table.add_row(name, *map(_text, values))
    Console(width=max(100, Console().width)).print(table)
    if os.environ.get("JSON"):
        print(json.dumps(facts))


def _text(value: Value) -> str:
    if value is None:
        return "–"
    return f"{value:,.{2 if abs(value) < 100 else 0}f}" if isinstance(value, float) else str(value)
