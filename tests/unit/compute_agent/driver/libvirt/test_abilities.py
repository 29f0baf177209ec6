import msgspec
import pytest

from common.guest import features
from compute_agent.driver.libvirt import abilities
from compute_agent.driver.libvirt.abilities import abilities as told
from tests.unit.compute_agent.domain_xml import samples


@pytest.fixture(autouse=True)
def able(monkeypatch):
    monkeypatch.setattr(abilities.probe, "is_mounted", lambda kind: kind == "hugetlbfs")
    monkeypatch.setattr(abilities.probe, "locks_memory", lambda: True)


def test_a_host_tells_what_it_is():
    assert {"arch:x86_64", "virt:kvm", "network:bridge", "machine:q35", "machine:pc", "console"} <= told(samples.KVM)


def test_a_host_with_everything_tells_all_that_our_xml_carries():
    carried = {features.CPU_PINNING, features.NUMA, features.PAGES, features.LOCKED_MEMORY}
    assert told(samples.CELLED) & features.ALL == carried


def test_what_the_host_cannot_is_not_told(monkeypatch):
    plain = tuple(msgspec.structs.replace(cell, dedicated=()) for cell in samples.CELLED.cells)
    host = msgspec.structs.replace(samples.CELLED, cells=plain)
    monkeypatch.setattr(abilities.probe, "locks_memory", lambda: False)
    assert told(host) & features.ALL == {features.NUMA, features.PAGES}
    monkeypatch.setattr(abilities.probe, "is_mounted", lambda kind: False)
    assert told(host) & features.ALL == {features.NUMA}
    assert told(samples.KVM) & features.ALL == frozenset()
