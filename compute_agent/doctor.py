"""Is this machine fit to be a host? Each check says what was found, and what to do about it."""

from common.settings import Settings
from compute_agent.driver.libvirt.checks import guest_checks, host_checks
from compute_agent.resources.checks import Check, machine_checks, orphans


def checks(settings: Settings, in_use: bool = False) -> list[Check]:
    """Make all checks.

    :param in_use: whether Toft itself runs here, and so has its port.
    """
    return [*machine_checks(settings, in_use), *host_checks(settings)]


def problems(settings: Settings) -> list[str]:
    """Give what keeps this machine from running guests, in words: what was found, and what to do.

    The API's port is left to whoever listens on it.
    """
    return [f"{c.name}: {c.found}; {c.advice}" for c in checks(settings, in_use=True) if c.verdict == "fail"]


def remarks(settings: Settings) -> list[str]:
    """Give what guests of this machine do without or wait for, in words: why, and what is done instead."""
    found = [*guest_checks(settings), orphans()]
    return [f"{c.name}: {c.found}; {c.advice}" for c in found if c.verdict == "warn"]
