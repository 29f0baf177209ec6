"""What would have to change for a server to fit: each answer is the same question, asked again with that changed."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from common.model.decision import Change
from controller.scheduler.lessened import Amount, Key, amounts
from controller.scheduler.terms import Ask, Fall
from controller.scheduler.variants import Zones, variants

Fits = Callable[[Ask], bool]
"""Whether a server would find a host."""


MOST = 12
"""Changes that a record has room for."""


def that_fit(fits: Fits, ask: Ask, falls: Collection[Fall], zones: Zones) -> tuple[Change, ...]:
    """Give each single change that lets a server fit somewhere: of amounts the greatest that fits.

    Where none does, several amounts are lessened together.

    :param falls: where hosts fell; what helps at none of these is not asked.
    """
    single = (*_less(fits, ask, falls), *_other(fits, ask, falls, zones))
    return single[:MOST] or tuple(_together(fits, ask))


def _less(fits: Fits, ask: Ask, falls: Collection[Fall]) -> Iterator[Change]:
    for amount in amounts(ask.demand):
        if amount.helps.intersection(falls) and (most := _most(fits, ask, amount.asked, partial(_with_one, amount))):
            yield Change(code=amount.code, text=f"if {amount.said(most)}")


def _together(fits: Fits, ask: Ask) -> Iterator[Change]:
    """Lessen all amounts to the least; where that fits, raise one after the other as far as it goes."""
    found = list(amounts(ask.demand))
    values = {amount.key: 1 for amount in found}
    if len(values) < 2 or not fits(_with(values, ask)):
        return
    for amount in found:  # it may turn out that one of them needs not be less
        values[amount.key] = _most(fits, ask, amount.asked + 1, partial(_with_beside, values, amount.key))
    told = [amount.said(values[amount.key]) for amount in found if values[amount.key] < amount.asked]
    yield Change(code="amounts", text=f"if {' and '.join(told)}")


def _with_one(amount: Amount, ask: Ask, value: int) -> Ask:
    return ask._replace(demand=amount.less(value))


def _with_beside(values: Mapping[Key, int], key: Key, ask: Ask, value: int) -> Ask:
    return _with({**values, key: value}, ask)


def _with(values: Mapping[Key, int], ask: Ask) -> Ask:
    """Give the ask with several amounts at other values."""
    demand = ask.demand
    for key, value in values.items():
        demand = next(amount for amount in amounts(demand) if amount.key == key).less(value)
    return ask._replace(demand=demand)


def _most(fits: Fits, ask: Ask, bound: int, with_value: Callable[[Ask, int], Ask]) -> int:
    """Find, by halves, the greatest value below a bound with which it fits; 0: there is none."""
    low, high = 0, bound
    while high - low > 1:
        middle = (low + high) // 2
        if fits(with_value(ask, middle)):
            low = middle
        else:
            high = middle
    return low


def _other(fits: Fits, ask: Ask, falls: Collection[Fall], zones: Zones) -> Iterator[Change]:
    for variant in variants(ask, zones):
        if variant.helps.intersection(falls) and fits(variant.ask):
            yield Change(code=variant.code, text=variant.text)
