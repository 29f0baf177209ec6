"""Each filter: what passes, what falls, its reason, and its phrase for one host and for many."""

import pytest

from common.clock import ManualClock
from controller.db.ledger import Shelf, Stock
from controller.scheduler.candidate import Candidate
from controller.scheduler.contract import Ask
from controller.scheduler.simple_filters import FILTERS

CLOCK = ManualClock()
ASK = Ask("s", {"VCPU": 2, "MEMORY_MB": 1000, "DISK_GB": 20}, frozenset({"kvm", "tpm"}))
LEASE = ManualClock()
LEASE.advance(60)
GOOD = Shelf(
    id="h1",
    name="h1",
    generation=1,
    enabled=True,
    disabled_reason="",
    closed="",
    state="up",
    lease_until=LEASE.now(),
    features=frozenset({"kvm", "tpm", "vnc"}),
    overhead_mib=64,
    stocks={"VCPU": Stock(2, 0, 2), "MEMORY_MB": Stock(1064, 0, 1064), "DISK_GB": Stock(20, 0, 20)},
)
CASES = [
    ("enabled", {"enabled": False, "disabled_reason": "new disk"}, "disabled: new disk", "disabled", "disabled"),
    ("enabled", {"enabled": False}, "disabled: no reason given", "disabled", "disabled"),
    ("up", {"state": "down"}, "not up: its agent is down, lease to 00:01:00 UTC", "not up", "not up"),
    ("up", {"state": "deaf"}, "not up: its agent is deaf, lease to 00:01:00 UTC", "not up", "not up"),
    ("up", {"lease_until": CLOCK.now()}, "not up: its agent is up, lease to 00:00:00 UTC", "not up", "not up"),
    ("open", {"closed": "short of 1 GiB of DISK_GB"}, "closed: short of 1 GiB of DISK_GB", "closed", "closed"),
    (
        "features",
        {"features": frozenset({"kvm"})},
        "lacks features: tpm",
        "lacks features (tpm)",
        "lack features (tpm)",
    ),
    (
        "CPU",
        {"stocks": GOOD.stocks | {"VCPU": Stock(4, 0, 4, 3)}},
        "lacks CPU: needs 2 CPUs, 1 free",
        "lacks CPU (need 2 CPUs, best has 1)",
        "lack CPU (need 2 CPUs, best has 1)",
    ),
    (
        "memory",
        {"stocks": GOOD.stocks | {"MEMORY_MB": Stock(1063, 0, 1063)}},
        "lacks memory: needs 1000 MiB, 999 free",
        "lacks memory (need 1000 MiB, best has 999)",
        "lack memory (need 1000 MiB, best has 999)",
    ),
    (
        "disk",
        {"stocks": {"VCPU": Stock(4, 0, 4), "MEMORY_MB": Stock(2000, 0, 2000)}},
        "lacks disk: needs 20 GiB, 0 free",
        "lacks disk (need 20 GiB, best has 0)",
        "lack disk (need 20 GiB, best has 0)",
    ),
]


@pytest.mark.parametrize(("name", "changed", "reason", "one", "many"), CASES)
def test_a_filter_says_why(name: str, changed: dict[str, object], reason: str, one: str, many: str) -> None:
    host = Candidate(GOOD._replace(**changed), CLOCK.now())  # type: ignore[arg-type]
    said = {each.name: each.reason(host, ASK) for each in FILTERS}
    assert {key: why for key, why in said.items() if why} == {name: reason}
    (filter_,) = (each for each in FILTERS if each.name == name)
    assert filter_.summary([host], ASK) == one
    assert filter_.summary([host, host], ASK) == many


def test_every_filter_has_a_case() -> None:
    assert {case[0] for case in CASES} == {each.name for each in FILTERS}


def test_a_host_that_just_fits_passes_all() -> None:
    host = Candidate(GOOD, CLOCK.now())
    assert [each.reason(host, ASK) for each in FILTERS] == [None] * len(FILTERS)
    assert not host.in_use


def test_what_is_not_asked_for_needs_not_be_there() -> None:
    bare = Candidate(GOOD._replace(stocks={"VCPU": GOOD.stocks["VCPU"]}), CLOCK.now())
    ask = Ask("s", {"VCPU": 1, "DISK_GB": 0})
    assert [each.reason(bare, ask) for each in FILTERS] == [None] * len(FILTERS)
    assert bare.claimed(ask) == {"VCPU": 1}
    bare.take(bare.claimed(ask))
    assert bare.in_use
