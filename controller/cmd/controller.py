"""``toft controller``: the API, the scheduler and the workflows, for hosts that are elsewhere."""

import os
import signal
import threading

import click

from common import errors, folder, logs, settings
from common.bus import open_bus
from common.clock import SystemClock
from controller.service import ControllerService


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
def controller(config: tuple[str, ...]) -> None:
    """Run a controller until it is stopped. What it acknowledged survives any end.

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
        service = ControllerService(chosen, open_bus(chosen.bus), SystemClock())
        admin_password = os.environ.get("TOFT_ADMIN_PASSWORD")
        if admin_password:
            service.bootstrap({"admin": (admin_password, "admin", "admin")})
        service.start()
        ended.wait()
        service.stop()
