from datetime import timedelta
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import errors
from common.clock import ManualClock
from common.model.network import Subnet
from controller.db.addresses import LEASE, Space

NOW = ManualClock().now()
POOLS = (("10.0.0.2", "10.0.0.3"), ("10.0.0.5", "10.0.0.6"))


def subnet(**fields):
    base = {"id": "s", "network_id": "n", "project_id": "p", "name": "", "cidr": "10.0.0.0/29", "pools": POOLS}
    return Subnet(**base | {"gateway_ip": "10.0.0.1", "created_at": NOW, "updated_at": NOW} | fields)


def test_pools_are_used_in_order_without_gateway_and_gaps():
    space = Space(subnet(gateway_ip="10.0.0.3"), [], {}, NOW)
    assert [space.take() for _ in range(3)] == ["10.0.0.2", "10.0.0.5", "10.0.0.6"]
    with pytest.raises(errors.Conflict):
        space.take()


def test_a_freed_address_outside_of_the_pools_is_not_handed_out():
    space = Space(subnet(pools=()), [], {"10.0.0.4": NOW - 2 * LEASE}, NOW)
    with pytest.raises(errors.Conflict):
        space.take()
    assert space.take("10.0.0.4") == "10.0.0.4"


@given(
    freed=st.dictionaries(st.sampled_from(["10.0.0.2", "10.0.0.3", "10.0.0.5"]), st.integers(0, 200)),
    used=st.sets(st.sampled_from(["10.0.0.3", "10.0.0.6"])),
)
def test_what_is_taken_is_free_pooled_and_rested(freed, used):
    ages = {address: timedelta(minutes=minutes) for address, minutes in freed.items() if address not in used}
    space = Space(subnet(), used, {address: NOW - age for address, age in ages.items()}, NOW)
    taken = []
    try:
        while True:
            taken.append(space.take())
    except errors.Conflict:
        pass
    assert len(set(taken)) == len(taken)
    assert not set(taken) & used
    assert all(ages.get(address, LEASE) >= LEASE for address in taken)
    assert all(any(IPv4Address(a) <= IPv4Address(t) <= IPv4Address(b) for a, b in POOLS) for t in taken)
    rested = [address for address in taken if address in ages]
    assert rested == sorted(rested, key=lambda address: -ages[address]) or len(set(ages.values())) < len(ages)
