from concurrent.futures import ThreadPoolExecutor

from compute_agent.driver.libvirt import taps


def test_many_may_try_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: taps.refusal(), range(64))) == {None}
