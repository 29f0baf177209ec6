"""A replay as a picture: an SVG of its own, one panel a measure, one line a policy."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from xml.sax.saxutils import escape

from controller.scheduler.replay import Outcome, Point

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 960, 190, 70, 20, 64, 46
COLORS = ("#444444", "#1b7fbd", "#d9661f", "#3a9a4c", "#8d4bb0")
DASHES = ("6 4", "", "", "", "")
"""What was recorded is dashed, so that the line of its own policy shows where they agree."""


class Measure(NamedTuple):
    """What one panel shows."""

    title: str
    of: Callable[[Point], float]
    unit: str = ""


MEASURES = (
    Measure("hosts in use", lambda point: point.used),
    Measure("servers that found no host, so far", lambda point: point.rejected),
    Measure("fragmentation", lambda point: point.fragmentation * 100, " %"),
)


FIGURES = ("placed", "rejected", "hosts in use, mean", "most", "fragmentation, mean")
"""What is told of each outcome, in one line."""


def figures(outcome: Outcome) -> tuple[str, ...]:
    """Write an outcome's figures."""
    mean, fragmented = f"{outcome.mean_used:.1f}", f"{outcome.mean_fragmentation:.1%}"
    return str(outcome.placed), str(outcome.rejected), mean, str(outcome.most_used), fragmented


def html(outcomes: Sequence[Outcome]) -> str:
    """Draw outcomes on a page of their own, with their figures."""
    head = "".join(f"<th>{name}</th>" for name in ("policy", *FIGURES))
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in (outcome.name, *figures(outcome))) + "</tr>"
        for outcome in outcomes
    )
    style = "body{font-family:sans-serif;margin:2em}td,th{text-align:right;padding:.2em 1em}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>toft replay</title><style>{style}</style>'
        f"<table><tr>{head}</tr>{rows}</table>{svg(outcomes)}</html>\n"
    )


def svg(outcomes: Sequence[Outcome]) -> str:
    """Draw outcomes of one recording."""
    height = TOP + len(MEASURES) * (PANEL + GAP)
    begin, end = outcomes[0].points[0].at, outcomes[0].points[-1].at
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="17">{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC</text>',
        *_legend(outcomes),
    ]
    for number, measure in enumerate(MEASURES):
        parts += _panel(measure, outcomes, TOP + number * (PANEL + GAP) + 22, begin, end)
    return "\n".join([*parts, "</svg>", ""])


def _legend(outcomes: Sequence[Outcome]) -> list[str]:
    parts, x = [], LEFT
    for number, outcome in enumerate(outcomes):
        parts.append(f'<line x1="{x}" y1="44" x2="{x + 26}" y2="44" {_stroke(number)}/>')
        parts.append(f'<text x="{x + 32}" y="48">{escape(outcome.name)}</text>')
        x += 60 + 8 * len(outcome.name)
    return parts


def _panel(measure: Measure, outcomes: Sequence[Outcome], top: int, begin: datetime, end: datetime) -> list[str]:
    most = _round_up(max(measure.of(point) for outcome in outcomes for point in outcome.points))
    bottom, right = top + PANEL, WIDTH - RIGHT
    parts = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{escape(measure.title)}</text>']
    for part in range(5):
        y, value = bottom - PANEL * part / 4, most * part / 4
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e2e2e2"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}{measure.unit}</text>')
    whole = max(1.0, (end - begin).total_seconds())
    for part in range(5):
        x, at = LEFT + (right - LEFT) * part / 4, begin + (end - begin) * part / 4
        anchor = "end" if part == 4 else "middle" if part else "start"
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" fill="#777777" text-anchor="{anchor}">{at:%H:%M}</text>')
    for number, outcome in reversed(list(enumerate(outcomes))):  # what was recorded is on top, dashed
        points = " ".join(
            f"{LEFT + (right - LEFT) * (point.at - begin).total_seconds() / whole:.1f},"
            f"{bottom - PANEL * measure.of(point) / most:.1f}"
            for point in outcome.points
        )
        parts.append(f'<polyline points="{points}" fill="none" {_stroke(number)}/>')
    return parts


def _stroke(number: int) -> str:
    color, dash = COLORS[number % len(COLORS)], DASHES[number % len(DASHES)]
    return f'stroke="{color}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _round_up(value: float) -> float:
    """Give the next number that an axis is well divided by."""
    size = 1.0
    while size * 10 < value:
        size *= 10
    return next(size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= value)
