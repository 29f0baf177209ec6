"""Is this machine fit to be a host? Each check says what was found, and what to do about it."""

from common.settings import Settings
from compute_agent.driver.libvirt.checks import host_checks
from compute_agent.resources.checks import Check, machine_checks


def checks(settings: Settings, in_use: bool = False) -> list[Check]:
    """Make all checks.

    :param in_use: whether Toft itself runs here, and so has its port.
    """
    return [*machine_checks(settings, in_use), *host_checks(settings)]
