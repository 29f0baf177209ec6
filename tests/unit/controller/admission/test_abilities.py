import pytest

from common import errors
from common.clock import ManualClock
from common.guest import Guest
from common.guest.features import ALL, asked_by
from controller.admission.abilities import Abilities
from tests.services.clouds import add_host

PLAIN = Guest(vcpus=1, memory_mib=1, disk_gib=1)
PINNED = Guest(vcpus=1, memory_mib=1, disk_gib=1, cpu_policy="dedicated", dedicated=(0,), page_kib=2048)


def refused(store, guest: Guest, *hosts: list[str]) -> str:
    """Give the refusal of a fleet whose hosts can do these things; empty: there is none."""
    with store.tx() as tx:
        for number, features in enumerate(hosts):
            add_host(tx, ManualClock(), f"h{number}", features=features)
        try:
            Abilities(tx).check(guest)
        except errors.BadRequest as refusal:
            return refusal.message
    return ""


def test_a_plain_guest_asks_for_nothing(store) -> None:
    assert refused(store, PLAIN, []) == ""


def test_one_host_that_can_is_enough(store) -> None:
    assert refused(store, PINNED, [], ["cpu-pinning", "pages", "x"]) == ""


def test_before_a_host_was_heard_nobody_knows(store) -> None:
    with store.tx() as tx:
        add_host(tx, ManualClock(), "n", state="new")
    assert refused(store, PINNED) == ""


def test_what_no_host_can_do_is_named_with_its_key(store) -> None:
    said = refused(store, PINNED, ["pages"], [])
    assert said.startswith("hw:cpu_policy: no host of this fleet can do cpu-pinning; choose another flavor")


def test_what_no_host_can_do_together_is_named_too(store) -> None:
    said = refused(store, PINNED, ["pages"], ["cpu-pinning"])
    assert said.startswith("hw:cpu_policy, hw:mem_page_size: no host of this fleet can do all of cpu-pinning, pages;")


@pytest.mark.parametrize("feature", sorted({*ALL, "machine:pc", "arch:aarch64", "virt:kvm"}))
def test_each_feature_has_its_key(feature: str) -> None:
    assert asked_by(feature).startswith(("hw", "pci", "os", "img"))
