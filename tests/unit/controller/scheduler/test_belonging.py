from datetime import UTC, datetime

import pytest

from common.guest import Guest
from common.model.aggregate import Aggregate
from controller.scheduler.belonging import Belonging, Bound, Who

AT = datetime(2026, 1, 1, tzinfo=UTC)
GUEST = Guest(vcpus=1, memory_mib=1, disk_gib=1)


def made(**named: dict[str, str]) -> Belonging:
    """Aggregates by their ids, which are their names, too."""
    return Belonging(
        [
            Aggregate(id=name, number=number, name=name, created_at=AT, metadata=metadata)
            for number, (name, metadata) in enumerate(named.items(), 1)
        ]
    )


def who(guest: Guest = GUEST, project: str = "p", flavor: str = "small", **more) -> Who:
    return Who(guest, project, flavor, **more)


def sets(*names: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(name) for name in names)


EAST, WEST = {"availability_zone": "east"}, {"availability_zone": "west"}


def test_without_aggregates_a_server_goes_anywhere() -> None:
    assert made().of(who()) == made(a={}).of(who()) == Bound()


def test_a_zone_is_its_aggregates() -> None:
    rules = made(a=EAST, b=WEST, c=EAST, d={})
    assert rules.of(who(zone="east")) == Bound(sets("ac"))
    assert rules.of(who(zone="gone")) == Bound((frozenset(),)), "nowhere"
    assert rules.of(who()) == Bound()


def test_the_default_zone_is_what_no_aggregate_makes_another() -> None:
    rules = made(a=EAST, b=WEST, c={}, n={"availability_zone": "nova"})
    assert rules.of(who(zone="nova")) == Bound((), frozenset("ab"))


def test_a_project_s_own_hosts_are_its_alone_and_it_goes_nowhere_else() -> None:
    rules = made(a={"filter_tenant_id": "p, q"}, b={"filter_tenant_id": "x", "filter_tenant_id2": "q"}, c={})
    assert rules.of(who(project="p")) == Bound(sets("a"), frozenset("b"))
    assert rules.of(who(project="q")) == Bound(sets("ab"))
    assert rules.of(who(project="z")) == Bound((), frozenset("ab"))


def test_hosts_are_kept_for_flavors_and_traits() -> None:
    rules = made(a={"instance_type": "small,big"}, b={"trait:CUSTOM_A": "required", "trait:CUSTOM_B": "no"})
    assert rules.of(who()).outside == {"b"}
    assert rules.of(who(flavor="other")).outside == {"a", "b"}
    assert rules.of(who(Guest(vcpus=1, memory_mib=1, disk_gib=1, traits=("CUSTOM_A",)))).outside == set()


def test_hosts_are_kept_for_images() -> None:
    rules = made(a={"os_type": "windows"}, b={"hw_machine_type": "q35,pc"}, c={"note": "x"})
    assert rules.of_images
    assert not made(c={"note": "x"}).of_images
    assert rules.of(who(properties={"os_type": "linux", "hw_machine_type": "pc"})).outside == {"a"}
    assert rules.of(who(properties={"os_type": "windows", "note": "y"})).outside == set()
    assert rules.of(who()).outside == set(), "an image that says nothing is let in"


def asking(*pairs: tuple[str, str]) -> Who:
    return who(Guest(vcpus=1, memory_mib=1, disk_gib=1, aggregates=pairs))


@pytest.mark.parametrize(
    ("word", "found"), [("true", "a"), ("<or> true <or> no", "ab"), ("s!= true", "b"), (">= 1", ""), ("nvme", "b")]
)
def test_a_flavor_asks_for_what_aggregates_say(word: str, found: str) -> None:
    rules = made(a={"ssd": "true"}, b={"ssd": "no, nvme"}, c={})
    assert rules.of(asking(("ssd", word))).aggregates == sets(found)


def test_each_word_is_asked_for() -> None:
    rules = made(a={"ssd": "true"}, b={"gen": "4"}, z=EAST)
    bound = rules.of(asking(("gen", "= 3"), ("ssd", "true"))._replace(zone="east"))
    assert bound.aggregates == sets("z", "b", "a")


SPREAD, PACK = {"toft:policy": "spread"}, {"toft:policy": "pack"}


@pytest.mark.parametrize(
    ("own", "zones", "spread"),
    [
        (None, [SPREAD], True),
        (None, [PACK], False),
        (None, [{}], None),
        (None, [PACK, SPREAD], None),
        (True, [PACK], True),
    ],
)
def test_the_policy_is_the_flavor_s_then_the_aggregate_s(own, zones, spread) -> None:
    rules = made(**{name: EAST | said for name, said in zip("ab", zones, strict=False)})
    guest = Guest(vcpus=1, memory_mib=1, disk_gib=1, spread=own)
    assert rules.of(who(guest, zone="east")).spread is spread
    assert rules.of(who(guest)).spread is own, "an aggregate speaks for those who are sent into it"


def test_the_zone_speaks_before_the_project_s_own() -> None:
    rules = made(a=EAST, b={"filter_tenant_id": "p"} | PACK, c=WEST | SPREAD)
    assert rules.of(who(zone="west")).spread is True
    assert rules.of(who(zone="east")).spread is False
