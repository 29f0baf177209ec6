"""``toft controller``: the API, the scheduler and the workflows, for hosts that are elsewhere."""

import os
import signal
import threading
from functools import partial

import click

from common import errors, folder, logs, settings
from common.bus import open_bus
from common.clock import SystemClock
from common.patience import patiently
from controller.service import ControllerService


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
def controller(config: tuple[str, ...]) -> None:
    """Run a controller until it is stopped. What it acknowledged survives any end.

    While the database or the broker is away it waits, and says so.

    With TOFT_ADMIN_PASSWORD in the environment, the user admin of the project admin is made, or gets that password.
    """
    chosen = settings.load(config)
    if chosen.bus.url.startswith("memory:"):
        raise errors.SettingsError("a controller of its own needs a broker: set [bus] url, or use `toft up`")
    logs.setup(chosen.logs)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with folder.held(folder.prepare(chosen.state.path), "controller"):
        service = patiently(partial(_begun, chosen), ended, SystemClock())
        ended.wait()
        if service:
            service.stop()


def _begun(chosen: settings.Settings) -> ControllerService:
    """Start a controller.

    :raises DatabaseUnavailable: not yet: the database is away.
    """
    service = ControllerService(chosen, open_bus(chosen.bus), SystemClock())
    try:
        admin_password = os.environ.get("TOFT_ADMIN_PASSWORD")
        if admin_password:
            service.bootstrap({"admin": (admin_password, "admin", "admin")})
        service.start()
    except BaseException:
        service.stop()
        raise
    return service
