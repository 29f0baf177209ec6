"""Writes the list of metrics in doc/seeing.md: ``python -m common.metrics_listing doc/seeing.md``.

The tables are named, not imported: neither side may know the other.
"""

import sys
from importlib import import_module
from pathlib import Path

from common.gauges import Metric

TABLES = {"Controller": "controller.sight.metrics", "Agent": "compute_agent.sight.metrics"}
BEGIN, END = "<!-- made by `make samples` -->\n", "<!-- end -->\n"
SUFFIX = {"counter": "_total", "total": "_total", "times": "", "gauge": ""}
KIND = {"counter": "counter", "total": "counter", "times": "histogram", "gauge": "gauge"}


def listing() -> str:
    """Give a table for each side."""
    return "".join(_section(side, import_module(module).METRICS) for side, module in TABLES.items())


def document(page: str) -> str:
    """Give the page with the list made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{listing()}{END}{after}"


def _section(side: str, metrics: tuple[Metric, ...]) -> str:
    lines = [f"\n### {side}\n", "| metric | kind | labels | |", "|---|---|---|---|"]
    lines += [f"| `{m.name}{SUFFIX[m.kind]}` | {KIND[m.kind]} | {', '.join(m.labels)} | {m.says} |" for m in metrics]
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(document(path.read_text()))
