"""libvirt's errors, caught at the border: they leave this package as ours, with the cause kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from common import errors

GONE = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_NETWORK})
"""Codes that say that what was asked for does not exist."""

ALREADY = frozenset({libvirt.VIR_ERR_OPERATION_INVALID})
"""Codes that a call gives when the thing is already so."""


def is_gone(error: libvirt.libvirtError) -> bool:
    """Say whether the error means that the domain or network is not there."""
    return error.get_error_code() in GONE


def is_already(error: libvirt.libvirtError) -> bool:
    """Say whether the error may mean that the thing is already as it should be; the caller looks again."""
    return error.get_error_code() in ALREADY


@contextmanager
def ours(what: str) -> Iterator[None]:
    """Raise libvirt's errors as ours.

    :param what: what was tried, as the message's beginning: ``start 0190…``.
    :raises GoneOnHost: the domain or network is not there.
    :raises HypervisorError: everything else that libvirt says.
    """
    try:
        yield
    except libvirt.libvirtError as error:
        kind = errors.GoneOnHost if is_gone(error) else errors.HypervisorError
        raise kind(f"{what}: {error.get_error_message() or error}") from error
