"""The lowest scores of a row; ties are broken by a seed."""

import numpy as np
from numpy.typing import NDArray

from controller.scheduler.columns import Slots
from controller.scheduler.tiers import Tier

Row = NDArray[np.float32]
"""A score for each host; infinite where it does not fit."""


def lowest(row: Row, seed: int, tier: Tier) -> int | None:
    """Give the slot with the lowest score in a tier; of n that tie, the one numbered ``seed % n``."""
    slots, scores = _of(row, tier)
    if not scores.size:
        return None
    least = scores.min()
    if least == np.inf:
        return None
    ties = np.flatnonzero(scores == least)
    at = int(ties[seed % ties.size])
    return at if slots is None else int(slots[at])


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
    if tier.only is not None:
        slots = np.array(sorted(tier.only - tier.never), dtype=np.intp)
        return slots, row[slots]
    if tier.never:
        row = row.copy()
        row[list(tier.never)] = np.inf
    return None, row
