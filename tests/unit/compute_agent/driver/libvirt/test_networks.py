"""Races that a real libvirtd shows too rarely to wait for; the rest is in tests/libvirt."""

import libvirt
import pytest

from common import errors
from compute_agent.driver.libvirt import networks

NETWORK = "01900000-0000-7000-8000-000000000001"


class StartedByAnother:
    """A network that somebody starts, or that breaks, while we do."""

    def __init__(self, code: int, active: bool) -> None:
        self.code, self.states = code, iter([0, int(active)])

    def networkLookupByUUIDString(self, uuid: str) -> "StartedByAnother":  # noqa: N802 - libvirt's name
        assert uuid == NETWORK
        return self

    def isActive(self) -> int:  # noqa: N802 - libvirt's name
        return next(self.states)

    def create(self) -> None:
        error = libvirt.libvirtError("network is already active")
        error.err = (self.code, 0, "network is already active", 0, "", None, None, 0, 0)
        raise error


def test_a_network_that_another_started_is_had() -> None:
    networks.ensure(StartedByAnother(libvirt.VIR_ERR_OPERATION_INVALID, active=True), NETWORK, "<network/>")


@pytest.mark.parametrize(
    ("code", "active"), [(libvirt.VIR_ERR_OPERATION_INVALID, False), (libvirt.VIR_ERR_INTERNAL_ERROR, True)]
)
def test_one_that_cannot_be_started_is_an_error(code: int, active: bool) -> None:
    with pytest.raises(errors.HypervisorError, match=NETWORK):
        networks.ensure(StartedByAnother(code, active), NETWORK, "<network/>")
