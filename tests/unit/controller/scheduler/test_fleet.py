"""The fleet: where servers go, one after another, and what it knows of its hosts."""

from collections import Counter

import pytest
from msgspec.structs import replace

from controller.scheduler.fleet import Fleet
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, Fall, GroupAsk, HostView, Place, Stock, Together

SMALL = Demand(shared=1, memory_mib=512, disk_gib=5)


def host(name: str, **changed: object) -> HostView:
    stocks = {"VCPU": Stock(16), "MEMORY_MB": Stock(8192), "DISK_GB": Stock(100)}
    return HostView(id=name, name=name, generation=1, **({"stocks": stocks} | changed))  # type: ignore[arg-type]


def fleet(*views: HostView, spread: bool = False) -> Fleet:
    made = Fleet(Policy(spread=spread))
    made.load(views)
    return made


def put(made: Fleet, ask: Ask) -> str | None:
    place = made.decide(ask)
    if place is None:
        return None
    made.commit(ask, place)
    return place.host


def ask(number: int = 0, demand: Demand = SMALL, **changed: object) -> Ask:
    return Ask(f"s{number}", demand, seed=number)._replace(**changed)  # type: ignore[arg-type]


def test_an_empty_fleet_takes_nothing() -> None:
    made = fleet()
    assert made.decide(ask()) is None
    assert (made.count(SMALL), made.falls(SMALL), made.candidates(ask(), 3), list(made.hosts)) == (0, {}, [], [])


def test_a_hundred_spread_over_fifty_land_two_on_each() -> None:
    made = fleet(*(host(f"h{n:02}") for n in range(50)), spread=True)
    assert set(Counter(put(made, ask(n)) for n in range(100)).values()) == {2}


def test_a_hundred_packed_into_fifty_fill_hosts_one_by_one() -> None:
    made = fleet(*(host(f"h{n:02}") for n in range(50)))
    hosts = [put(made, ask(n)) for n in range(100)]
    runs = [hosts[n : n + 16] for n in range(0, 100, 16)]
    assert [len(set(run)) for run in runs] == [1] * 7
    assert len(set(hosts)) == 7


def test_deciding_changes_nothing() -> None:
    made = fleet(host("a"), host("b"))
    assert made.decide(ask(1)) == made.decide(ask(1)) == Place(host="b")
    assert made.view("b") == host("b")


def test_ties_are_broken_by_the_seed_in_order_of_ids() -> None:
    made = fleet(host("c"), host("a"), host("b"))
    assert [made.decide(ask(n)) for n in range(4)] == [Place(host=name) for name in ("a", "b", "c", "a")]


def test_a_view_shows_what_was_committed() -> None:
    made = fleet(host("a", overhead_mib=100))
    group = GroupAsk("g", Together.ANTI_AFFINITY, 2)
    assert put(made, ask(1, group=group)) == put(made, ask(2, group=group)) == "a"
    seen = made.view("a")
    assert {name: stock.used for name, stock in seen.stocks.items()} == {"VCPU": 2, "MEMORY_MB": 1224, "DISK_GB": 10}
    assert (seen.servers, seen.busy, seen.groups) == (2, 2, {"g": 2})
    assert put(made, ask(3, group=group)) is None
    with pytest.raises(KeyError):
        made.view("z")


def test_a_release_undoes_a_commit() -> None:
    for made in (fleet(host("a", overhead_mib=100)), fleet(host("a", overhead_mib=100, groups={"g": 1, "h": 2}))):
        before = made.view("a")
        grouped = ask(1, group=GroupAsk("g", Together.SOFT_AFFINITY))
        place = made.decide(grouped)
        assert place is not None
        for _ in range(2):
            made.commit(grouped, place)
            made.release(grouped, place)
        assert made.view("a") == before
        assert put(made, ask(2, replace(SMALL, memory_mib=8092))) == "a"


def test_a_host_is_replaced_by_what_it_is_now() -> None:
    made = fleet(host("a"), host("b", shut="down"))
    assert put(made, ask(1)) == "a"
    made.load([host("a", shut="disabled"), host("b")])
    assert made.falls(SMALL) == {Fall.NOWHERE: 1, Fall.SHUT: 1}
    assert put(made, ask(2)) == "b"
    assert made.view("a").servers == 0


def test_hosts_come_and_go() -> None:
    made = fleet(host("m"))
    assert put(made, ask(1)) == "m"
    made.load([host("a", stocks={}), host("z")])
    assert list(made.hosts) == ["a", "m", "z"]
    assert made.falls(SMALL) == {Fall.NOWHERE: 2, Fall.CPUS: 1}
    assert put(made, ask(2)) == "m"
    made.forget(["m", "unknown"])
    assert put(made, ask(3)) == "z"
    made.forget(["unknown"])
    made.forget(["a", "z"])
    assert made.decide(ask(4)) is None
    made.load([host("n")])
    assert put(made, ask(5)) == "n"


@pytest.mark.parametrize(
    ("fall", "demand", "changed"),
    [
        (Fall.SHUT, {}, {"shut": "down"}),
        (Fall.FEATURES, {"features": frozenset({"machine:q35"})}, {}),
        (Fall.TRAITS, {"traits": frozenset({"HW_CPU_X86_AVX2"})}, {}),
        (Fall.TRAITS, {"forbidden": frozenset({"CUSTOM_OLD"})}, {"traits": frozenset({"CUSTOM_OLD"})}),
        (Fall.AGGREGATES, {"aggregates": (frozenset({"1", "2"}), frozenset({"3"}))}, {"aggregates": frozenset({"2"})}),
        (Fall.AGGREGATES, {"outside": frozenset({"2"})}, {"aggregates": frozenset({"2"})}),
        (Fall.CPUS, {"shared": 17}, {}),
        (Fall.CPUS, {"dedicated": 1}, {}),
        (Fall.MEMORY, {"memory_mib": 8100}, {"overhead_mib": 100}),
        (Fall.MEMORY, {"memory_mib": 6000, "locked": True}, {"memory_ratio": 1.5}),
        (Fall.DISK, {"disk_gib": 101}, {}),
        (Fall.RESOURCES, {"resources": (("CUSTOM_GPU", 1),)}, {}),
        (Fall.NOWHERE, {"memory_mib": 6000}, {"memory_ratio": 1.5}),
        (Fall.NOWHERE, {"aggregates": (frozenset({"1", "2"}),)}, {"aggregates": frozenset({"2"})}),
    ],
)
def test_a_host_falls_at(fall: Fall, demand: dict[str, object], changed: dict[str, object]) -> None:
    wanted = replace(SMALL, **demand)
    made = fleet(host("a", **changed))
    assert made.falls(wanted) == {fall: 1}
    assert (made.decide(ask(demand=wanted)) is None) is (fall is not Fall.NOWHERE)


def test_the_first_fall_counts() -> None:
    made = fleet(host("a", shut="down"))
    assert made.falls(replace(SMALL, shared=99, disk_gib=999)) == {Fall.SHUT: 1}


def test_further_resources_are_claimed_even_if_they_come_late() -> None:
    demand = replace(SMALL, resources=(("CUSTOM_A", 2),))
    made = fleet(host("a"))
    assert made.count(demand) == 0
    made.load([host("a", stocks={**host("a").stocks, "CUSTOM_A": Stock(5, 1)})])
    assert [put(made, ask(n, demand)) for n in range(3)] == ["a", "a", None]
    assert made.view("a").stocks["CUSTOM_A"] == Stock(5, 5)


def test_locked_memory_is_claimed_at_the_ratio() -> None:
    made = fleet(host("a", memory_ratio=1.5, overhead_mib=10))
    locked = replace(SMALL, memory_mib=1001, locked=True)
    assert put(made, ask(1, locked)) == "a"
    assert made.view("a").stocks["MEMORY_MB"].used == 1512
    assert [made.count(replace(SMALL, memory_mib=m)) for m in (6670, 6671)] == [1, 0]


def test_hints() -> None:
    made = fleet(host("a"), host("b"), host("c"))
    assert put(made, ask(1, only=frozenset({"c", "unknown"}))) == "c"
    assert put(made, ask(2)) == "c"
    assert put(made, ask(3, never=frozenset({"c", "a"}))) == "b"
    assert put(made, ask(4, only=frozenset({"a"}), never=frozenset({"a"}))) is None
    assert put(made, ask(5, only=frozenset())) is None


def groups(policy: Together, limit: int = 1) -> Fleet:
    made = fleet(host("a"), host("b", groups={"g": 2}), host("c", groups={"g": 1, "other": 1}))
    for number in range(3):
        place = Place(host="a")
        made.commit(ask(10 + number), place)
    assert put(made, ask(0, group=GroupAsk("new", policy, limit))) == "a"
    return made


def test_affinity() -> None:
    made = groups(Together.AFFINITY)
    group = GroupAsk("g", Together.AFFINITY)
    assert put(made, ask(0, group=group)) in {"b", "c"}
    assert put(made, ask(1, group=group, only=frozenset({"a"}))) is None


def test_anti_affinity_with_a_limit() -> None:
    made = groups(Together.ANTI_AFFINITY)
    assert put(made, ask(0, group=GroupAsk("g", Together.ANTI_AFFINITY))) == "a"
    assert put(made, ask(1, group=GroupAsk("g", Together.ANTI_AFFINITY))) is None
    assert put(made, ask(2, group=GroupAsk("g", Together.ANTI_AFFINITY, 2), never=frozenset({"a"}))) == "c"


def test_soft_affinity_prefers_the_most_members() -> None:
    made = groups(Together.SOFT_AFFINITY)
    group = GroupAsk("g", Together.SOFT_AFFINITY)
    assert [host for host, _ in made.candidates(ask(0, group=group), 3)] == ["b", "c", "a"]
    assert put(made, ask(0, group=group)) == "b"
    assert put(made, ask(1, group=group, never=frozenset({"b", "c"}))) == "a"


def test_soft_anti_affinity_prefers_the_fewest_members() -> None:
    made = groups(Together.SOFT_ANTI_AFFINITY)
    group = GroupAsk("g", Together.SOFT_ANTI_AFFINITY)
    assert [host for host, _ in made.candidates(ask(0, group=group), 3)] == ["a", "c", "b"]
    assert put(made, ask(0, group=group, never=frozenset({"a"}))) == "c"


def test_candidates_are_no_more_than_asked_for() -> None:
    made = fleet(host("a"), host("b"), host("c", shut="down"))
    put(made, ask(1))
    assert [name for name, _ in made.candidates(ask(), 5)] == ["b", "a"]
    assert [name for name, _ in made.candidates(ask(never=frozenset({"b"})), 1)] == ["a"]
    scores = [score for _, score in made.candidates(ask(), 2)]
    assert scores == sorted(scores)
