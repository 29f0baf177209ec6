"""``toft up``: controller and agent in one process, on SQLite and the in-memory bus, with a real hypervisor."""

import signal
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
    with folder.held(state, "up"), interruptible():
        logs.setup(chosen.logs)
        try:
            with running(chosen, clouds) as agent:
                console.print(f"[bold]Toft[/] answers on {chosen.api_url}", highlight=False, soft_wrap=True)
                console.print(f"log: {chosen.logs.file}; clients: {clouds}", highlight=False, soft_wrap=True)
                for remark in agent.remarks():
                    console.print(remark, style="yellow", markup=False, highlight=False, soft_wrap=True)
                if first:
                    tour.run(clouds, first, state / "first.key", console)
                console.print("Ctrl-C stops Toft; guests go on running.")
                wait_for_ever()
        except KeyboardInterrupt:
            console.print("\nToft has stopped; guests go on running.", highlight=False)
            console.print("`make run` finds them, `make down` stops them.", highlight=False)


def embedded(chosen: settings.Settings) -> settings.Settings:
    """Give the settings of a process that is both sides: the in-memory bus, a log file in the state folder."""
    replace = msgspec.structs.replace
    log_file = chosen.logs.file or str(Path(chosen.state.path) / LOG_FILE)
    return replace(chosen, bus=replace(chosen.bus, url="memory://"), logs=replace(chosen.logs, file=log_file))


@contextmanager
def running(chosen: settings.Settings, clouds: Path) -> Iterator[agents.EmbeddedAgent]:
    """Run both sides while inside, with a clouds.yaml that leads to them; gives the agent.

    :raises ToftError: something is missing on this machine; says what to do.
    """
    clock = SystemClock()
    bus = open_bus(chosen.bus)
    agent = agents.agent_factory()(chosen, bus, clock)
    problems = agent.problems()
    if problems:
        raise errors.SettingsError(f"this machine is not ready: {'; '.join(problems)}. `make doctor` tells more")
    with ExitStack() as stack:
        service = ControllerService(chosen, bus, clock)
        stack.callback(service.stop)
        secret = clouds_file.passwords(clouds)
        service.bootstrap({user: (secret[cloud], project, role) for cloud, (user, project, role) in ACCOUNTS.items()})
        clouds_file.write(clouds, chosen.api_url, secret)
        service.start()
        stack.callback(agent.stop)
        agent.start()
        yield agent


def wait_for_ever() -> None:
    """Let the threads work until a signal ends this one."""
    threading.Event().wait()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end the process as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
