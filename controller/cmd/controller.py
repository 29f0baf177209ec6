"""``toft controller``: the API, the scheduler and the workflows, for hosts that are elsewhere."""

import signal
import threading

import click

from common import folder, logs, settings
from common.bus import open_bus
from common.clock import SystemClock
from controller.service import ControllerService


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
@click.option("--admin-password", envvar="TOFT_ADMIN_PASSWORD", help="Make or change the user admin of the project admin.")
def controller(config: tuple[str, ...], admin_password: str | None) -> None:
    """Run a controller until it is stopped. What it acknowledged survives any end."""
    chosen = settings.load(config)
    logs.setup(chosen.logs)
    folder.prepare(chosen.state.path)
    service = ControllerService(chosen, open_bus(chosen.bus), SystemClock())
    if admin_password:
        service.bootstrap({"admin": (admin_password, "admin")})
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    service.start()
    ended.wait()
    service.stop()
