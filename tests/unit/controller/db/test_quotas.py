"""Quotas: counted exactly, refused with figures, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from common import errors
from common.settings import Quota
from controller.db import quotas
from controller.db.engine import Store
from controller.db.quotas import Use

LIMITS = Quota(servers=3, cores=4, ram=-1)


def test_what_is_counted_is_used(store: Store) -> None:
    with store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"servers": 1, "cores": 2, "ram": 512})
        quotas.count(tx, LIMITS, "p", {"servers": 1})
        quotas.free(tx, "p", {"cores": 1})
    with store.read() as tx:
        use = quotas.usage(tx, LIMITS, "p")
    assert use["servers"] == Use(2, 3)
    assert use["cores"] == Use(1, 4)
    assert use["ram"] == Use(512, -1)
    assert use["networks"] == Use(0, LIMITS.networks)


def test_a_refusal_names_the_figures_and_keeps_nothing(store: Store) -> None:
    with store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"servers": 1, "cores": 3})
    with pytest.raises(errors.QuotaExceeded) as refused, store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"servers": 1, "cores": 2})
    assert refused.value.message == "Quota exceeded for cores: Requested 2, but already used 3 of 4 cores"
    with store.read() as tx:
        assert quotas.usage(tx, LIMITS, "p")["servers"] == Use(1, 3)


def test_no_limit_is_no_limit(store: Store) -> None:
    with store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"ram": 10**12})


@pytest.mark.parametrize("amount", [2, 5])
def test_more_than_is_used_cannot_be_freed(store: Store, amount: int) -> None:
    with store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"cores": 1})
    with pytest.raises(errors.Conflict, match="quota_use"), store.tx() as tx:
        quotas.free(tx, "p", {"cores": amount})


def test_what_was_never_counted_cannot_be_freed(store: Store) -> None:
    with pytest.raises(errors.Conflict, match="never counted"), store.tx() as tx:
        quotas.free(tx, "p", {"cores": 1})


def test_a_project_keeps_its_own_limit(store: Store) -> None:
    with store.tx() as tx:
        quotas.set_max(tx, LIMITS, "p", "servers", 1)
        quotas.count(tx, Quota(servers=50), "p", {"servers": 1})
    with pytest.raises(errors.QuotaExceeded, match="1 of 1"), store.tx() as tx:
        quotas.count(tx, Quota(servers=50), "p", {"servers": 1})


def test_a_limit_below_use_is_refused(store: Store) -> None:
    with store.tx() as tx:
        quotas.count(tx, LIMITS, "p", {"servers": 2})
    with pytest.raises(errors.Conflict, match="2 in use"), store.tx() as tx:
        quotas.set_max(tx, LIMITS, "p", "servers", 1)
    with store.tx() as tx:
        quotas.set_max(tx, LIMITS, "p", "servers", -1)
        assert quotas.usage(tx, LIMITS, "p")["servers"] == Use(2, -1)


def test_many_at_once_never_pass_the_limit(store: Store) -> None:
    def create(_: int) -> bool:
        try:
            with store.tx() as tx:
                quotas.count(tx, LIMITS, "p", {"servers": 1, "cores": 1})
        except errors.QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(16))) == 3
