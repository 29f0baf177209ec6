"""The lowest scores of a row; ties are broken by a seed."""

import numpy as np
from numpy.typing import NDArray

from controller.scheduler.columns import Slots
from controller.scheduler.tiers import Tier

Row = NDArray[np.float32]
"""A score for each host; infinite where it does not fit."""


def lowest(row: Row, seed: int, tier: Tier) -> int | None:
    """Give the slot with the lowest score in a tier; of n that tie, the one numbered ``seed % n``."""
    if tier.only is None:
        ties = _ties(row)
        if tier.never and not tier.never.isdisjoint(ties.tolist()):  # seldom: so the row is copied only then
            ties = _ties(_without(row, tier))
    else:
        slots = _named(tier)
        ties = slots[_ties(row[slots])]
    return int(ties[seed % ties.size]) if ties.size else None


def _ties(scores: Row) -> Slots:
    """Give where the lowest finite score stands."""
    least = scores[scores.argmin()] if scores.size else np.inf
    return (scores == least).nonzero()[0] if least < np.inf else np.zeros(0, dtype=np.intp)


def first(row: Row, most: int, tier: Tier) -> list[int]:
    """Give up to so many slots of a tier that fit, the lowest score first; those that tie in order."""
    slots, scores = _of(row, tier)
    left, found = scores.copy(), list[int]()
    while left.size and len(found) < most and (least := left.min()) < np.inf:  # sooner than to sort: there are few
        ties = np.flatnonzero(left == least)[: most - len(found)]
        found += ties.tolist()
        left[ties] = np.inf
    return found if slots is None else [int(slots[at]) for at in found]


def _of(row: Row, tier: Tier) -> tuple[Slots | None, Row]:
    """Give a tier's slots in order (None: all), and their scores."""
    if tier.only is None:
        return None, _without(row, tier) if tier.never else row
    slots = _named(tier)
    return slots, row[slots]


def _named(tier: Tier) -> Slots:
    return np.array(sorted((tier.only or frozenset()) - tier.never), dtype=np.intp)


def _without(row: Row, tier: Tier) -> Row:
    row = row.copy()
    row[list(tier.never)] = np.inf
    return row
