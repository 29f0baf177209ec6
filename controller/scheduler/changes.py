"""What would have to change for a server to fit: each answer is the same question asked again, one thing different."""

from collections.abc import Callable, Collection, Iterator

from common.model.decision import Change
from controller.scheduler.lessened import Amount, amounts
from controller.scheduler.terms import Ask, Fall
from controller.scheduler.variants import Zones, variants

Fits = Callable[[Ask], bool]
"""Whether a server would find a host."""


def that_fit(fits: Fits, ask: Ask, falls: Collection[Fall], zones: Zones) -> tuple[Change, ...]:
    """Give each single change that lets a server fit somewhere: of amounts the greatest that fits.

    :param falls: where hosts fell; what helps at none of these is not asked.
    """
    return (*_less(fits, ask, falls), *_other(fits, ask, falls, zones))


def _less(fits: Fits, ask: Ask, falls: Collection[Fall]) -> Iterator[Change]:
    for amount in amounts(ask.demand):
        if amount.helps.intersection(falls) and (most := _most(fits, ask, amount)):
            yield Change(code=amount.code, text=f"if {amount.name} <= {most}{amount.unit}")


def _most(fits: Fits, ask: Ask, amount: Amount) -> int:
    """Find, by halves, the greatest amount below what is asked for; 0: none helps."""
    low, high = 0, amount.asked
    while high - low > 1:
        middle = (low + high) // 2
        if fits(ask._replace(demand=amount.less(middle))):
            low = middle
        else:
            high = middle
    return low


def _other(fits: Fits, ask: Ask, falls: Collection[Fall], zones: Zones) -> Iterator[Change]:
    for variant in variants(ask, zones):
        if variant.helps.intersection(falls) and fits(variant.ask):
            yield Change(code=variant.code, text=variant.text)
