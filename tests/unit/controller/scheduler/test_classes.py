"""Request classes: what they remember, how they catch up, and which are forgotten."""

import pytest
from msgspec.structs import replace

from controller.scheduler import classes, mirror
from controller.scheduler.classes import Classes
from controller.scheduler.mirror import Mirror
from controller.scheduler.profiles import EARLIEST, fall, rank
from controller.scheduler.score import Policy
from controller.scheduler.terms import Ask, Demand, Fall, HostView, Place
from tests.services.views import view

SMALL = Demand(shared=1, memory_mib=512, disk_gib=1)


def mirrored(*views: HostView) -> Mirror:
    made = Mirror()
    made.load(views)
    return made


def judged(made: Mirror, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give how many hosts are judged at each look from now on."""
    counts: list[int] = []
    judge = classes.RequestClass._judge

    def counting(self: classes.RequestClass, slots: mirror.Slots) -> None:
        counts.append(slots.size)
        judge(self, slots)

    monkeypatch.setattr(classes.RequestClass, "_judge", counting)
    return counts


def test_a_class_judges_again_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mirrored(view("a"), view("b"), view("c"))
    known = Classes(made, Policy())
    counts = judged(made, monkeypatch)
    known.of(SMALL)
    known.of(SMALL)
    made.commit(Ask("s", SMALL), Place(host="b"))
    known.of(SMALL)
    known.of(replace(SMALL, shared=2))
    assert counts == [3, 1, 3]


def test_a_class_looks_at_all_hosts_when_the_log_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_LOG", 4)
    made = mirrored(view("a"), view("b"), view("c"))
    known = Classes(made, Policy())
    counts = judged(made, monkeypatch)
    known.of(SMALL)
    for number in range(6):
        made.commit(Ask(f"s{number}", SMALL), Place(host="b"))
    assert known.of(SMALL).ranks.tolist() == [0, 0, 0]
    made.commit(Ask("t", SMALL), Place(host="b"))
    assert known.of(SMALL).ranks.tolist() == [0, 0, 0]
    made.commit(Ask("u", SMALL), Place(host="b"))
    assert known.of(SMALL).ranks.tolist() == [0, rank(Fall.CPUS), 0]
    assert all(count in (1, 3) for count in counts)
    assert counts[:2] == [3, 3]


def test_hosts_are_judged_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "_AT_ONCE", 2)
    made = mirrored(*(view(f"h{number}", cpus=number) for number in range(5)))
    counts = judged(made, monkeypatch)
    assert Classes(made, Policy()).of(SMALL).ranks.tolist() == [rank(Fall.CPUS), 0, 0, 0, 0]
    assert counts == [2, 2, 1]


def test_the_class_used_least_recently_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "_FEWEST", 2)
    monkeypatch.setattr(classes, "_ROOM", 0)
    made = mirrored(view("a"))
    known = Classes(made, Policy())
    first, second, third = (known.of(replace(SMALL, shared=number)) for number in (1, 2, 1))
    assert first is third
    known.of(replace(SMALL, shared=3))
    assert known.of(replace(SMALL, shared=1)) is first
    assert known.of(replace(SMALL, shared=2)) is not second


def test_a_class_meets_a_host_of_a_new_kind() -> None:
    made = mirrored(view("a"), view("b"))
    known = Classes(made, Policy())
    assert known.of(SMALL).ranks.tolist() == [0, 0]
    made.load([view("b", shut="down")])
    assert known.of(SMALL).ranks.tolist() == [0, rank(Fall.SHUT)]


def test_ranks_are_the_higher_the_earlier_a_host_falls() -> None:
    assert [fall(rank(one)) for one in Fall] == list(Fall)
    assert rank(Fall.NOWHERE) == 0
    assert sorted(Fall, key=rank) == [Fall.NOWHERE, *reversed(list(Fall)[1:])]
    assert rank(Fall.SHUT) < EARLIEST
