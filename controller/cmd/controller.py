"""``toft controller``: the API, the scheduler and the workflows, for hosts that are elsewhere."""

import os
import signal
import threading

import click

from common import folder, logs, settings
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
    logs.setup(chosen.logs)
    folder.prepare(chosen.state.path)
    service = ControllerService(chosen, open_bus(chosen.bus), SystemClock())
    admin_password = os.environ.get("TOFT_ADMIN_PASSWORD")
    if admin_password:
        service.bootstrap({"admin": (admin_password, "admin", "admin")})
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    service.start()
    ended.wait()
    service.stop()
