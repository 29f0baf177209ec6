"""The policy that the settings choose, and what it does to servers that are alike."""

from collections import Counter

import msgspec
import pytest

from common import settings
from controller.scheduler import chosen
from controller.scheduler.fleet import Fleet
from controller.scheduler.score import USUAL, Policy, Weights
from controller.scheduler.terms import Ask, Demand, HostView, Stock


def test_without_a_word_hosts_are_packed_with_the_usual_weights() -> None:
    assert chosen.policy(settings.Scheduler()) == Policy(spread=False, weights=USUAL)


def test_policy_and_weights_are_settings() -> None:
    names = [f"weight_{name}" for name in Weights._fields]
    made = chosen.policy(settings.Scheduler(policy="spread", **{name: n / 2 for n, name in enumerate(names)}))
    assert made == Policy(spread=True, weights=Weights(*(n / 2 for n in range(len(names)))))


@pytest.mark.parametrize("wrong", [{"policy": "heap"}, {"weight_cpu": 1001.0}, {"shards": 0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, settings.Scheduler)


def hundred(policy: str) -> list[str]:
    """Place 100 servers that are alike on 50 idle hosts."""
    fleet = Fleet(chosen.policy(settings.Scheduler(policy=policy)))
    stocks = {"VCPU": Stock(16), "MEMORY_MB": Stock(32768), "DISK_GB": Stock(200)}
    fleet.load(HostView(id=f"h{n:02}", name=f"h{n:02}", generation=1, stocks=stocks) for n in range(50))
    hosts = []
    for number in range(100):
        ask = Ask(f"s{number}", Demand(shared=2, memory_mib=2048, disk_gib=10), seed=number * 7919)
        place = fleet.decide(ask)
        assert place
        fleet.commit(ask, place)
        hosts.append(place.host)
    return hosts


def test_spread_puts_two_of_a_hundred_on_each_of_fifty() -> None:
    assert set(Counter(hundred("spread")).values()) == {2}


def test_pack_fills_hosts_one_by_one() -> None:
    hosts = hundred("pack")
    assert [len(set(hosts[first : first + 8])) for first in range(0, 96, 8)] == [1] * 12
