"""``toft up``: controller and agent in one process, on SQLite and the in-memory bus, with a real hypervisor."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console

from common import agents, errors, folder, logs, settings
from common.bus import open_bus
from common.clock import SystemClock
from controller.cmd import clouds as clouds_file
from controller.cmd import first as tour
from controller.cmd.clouds import ACCOUNTS
from controller.service import ControllerService

LOG_FILE = "toft.log"


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
@click.option("--clouds", type=click.Path(path_type=Path), default="clouds.yaml", show_default=True)
@click.option("--first", type=click.Path(path_type=Path, exists=True), help="Boot the server `first` from this image.")
def up(config: tuple[str, ...], clouds: Path, first: Path | None) -> None:
    """Run a whole cloud in this process, until Ctrl-C. Guests go on running after it."""
    console = Console()
    chosen = embedded(settings.load(config))
    state = folder.prepare(chosen.state.path)
    with ExitStack() as stack:
        stack.enter_context(folder.held(state, "up"))
        free_port(chosen.api.listen, chosen.api.port)
        stack.enter_context(interruptible())
        logs.setup(chosen.logs)
        service, agent = start(chosen, clouds)
        stack.callback(service.stop)
        stack.callback(agent.stop)
        console.print(
            f"[bold]Toft[/] answers on {chosen.api_url}; log: {state / LOG_FILE}; clients: {clouds}", soft_wrap=True
        )
        try:
            if first:
                tour.run(clouds, first, state / "first.key", console)
            console.print("Ctrl-C stops Toft; guests go on running.")
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print("\nToft stops; guests go on running. `make run` finds them, `make down` stops them.")


def embedded(chosen: settings.Settings) -> settings.Settings:
    """Give the settings of a process that is both sides: the in-memory bus, a log file in the state folder."""
    replace = msgspec.structs.replace
    log_file = chosen.logs.file or str(Path(chosen.state.path) / LOG_FILE)
    return replace(chosen, bus=replace(chosen.bus, url="memory://"), logs=replace(chosen.logs, file=log_file))


def start(chosen: settings.Settings, clouds: Path) -> tuple[ControllerService, agents.EmbeddedAgent]:
    """Start both sides and write clouds.yaml.

    :raises ToftError: something is missing on this machine; says what to do.
    """
    clock = SystemClock()
    bus = open_bus(chosen.bus)
    agent = agents.agent_factory()(chosen, bus, clock)
    problems = agent.problems()
    if problems:
        raise errors.SettingsError(f"this machine is not ready: {'; '.join(problems)}. `make doctor` tells more")
    service = ControllerService(chosen, bus, clock)
    secret = clouds_file.passwords(clouds)
    service.bootstrap({user: (secret[cloud], project, role) for cloud, (user, project, role) in ACCOUNTS.items()})
    clouds_file.write(clouds, chosen.api_url, secret)
    service.start()
    agent.start()
    return service, agent


def free_port(listen: str, port: int) -> None:
    """See that the API's port can be had.

    :raises Conflict: something listens there.
    """
    with socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as error:
            raise errors.Conflict(
                f"{listen}:{port} cannot be listened on ({error.strerror}); stop what does, or set OS_API__PORT"
            ) from error


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end the process as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
