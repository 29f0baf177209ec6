"""``toft agent``: the agent of this host, for a controller that is elsewhere."""

import signal
import threading

import click

from common import errors, folder, logs, settings
from common.bus import open_bus
from common.clock import SystemClock
from compute_agent.service import embedded


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
def agent(config: tuple[str, ...]) -> None:
    """Run this host's agent until it is stopped. Guests go on running after it."""
    chosen = settings.load(config)
    if chosen.bus.url.startswith("memory:"):
        raise errors.SettingsError("an agent of its own needs a broker: set [bus] url, or use `toft up`")
    logs.setup(chosen.logs)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with folder.held(folder.prepare(chosen.state.path), "agent"):
        service = embedded(chosen, open_bus(chosen.bus), SystemClock())
        service.start()
        ended.wait()
        service.stop()
