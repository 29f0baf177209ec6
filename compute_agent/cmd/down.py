"""``toft down``: stop Toft on this machine, and its guests; with ``--forget`` leave nothing of it.

Only domains and networks that carry our mark are touched.
"""

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from common import errors, folder, settings
from common.clock import SystemClock
from common.states import Power
from compute_agent.driver import libvirt

PATIENCE = 30.0
OURS = (
    "agent",
    "agent.pid",
    "cache",
    "first.key",
    "first.key.pub",
    "images",
    "instances",
    "keys",
    "toft.log",
    "toft.sqlite",
    "toft.sqlite-shm",
    "toft.sqlite-wal",
    "up.pid",
)
"""What Toft makes in its state folder; nothing else in there is removed."""


@click.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
@click.option("--forget", is_flag=True, help="Remove guests, networks, database and images too.")
def down(config: tuple[str, ...], forget: bool) -> None:
    """Stop Toft on this machine, and its guests."""
    chosen = settings.load(config)
    state = Path(chosen.state.path)
    stop_process(state)
    driver = libvirt.make(chosen, SystemClock())
    driver.connect(lambda event: None)
    try:
        servers = [present.server for present in driver.listing().present]
        stopped = stop_guests(driver, servers)
        click.echo(f"{_count(stopped, 'guest')} stopped, {len(servers) - stopped} off before")
        if forget:
            click.echo(forget_all(driver, servers, state))
    finally:
        driver.close()


def stop_process(state: Path) -> None:
    """End the ``toft up`` or ``toft agent`` that holds the state folder, if one does.

    :raises Conflict: it does not end.
    """
    for name in ("up", "agent"):
        holder = folder.holder(state, name)
        if holder is not None:
            _end(holder, partial(folder.holder, state, name), state)


def _end(process: int, holder: Callable[[], int | None], state: Path) -> None:
    os.kill(process, signal.SIGTERM)
    if not _within(PATIENCE, lambda: holder() is None):
        raise errors.Conflict(f"process {process} does not end; look at {state / 'toft.log'}, or: kill -9 {process}")


def stop_guests(driver: libvirt.LibvirtDriver, servers: list[str]) -> int:
    """Let guests power off, and cut the power of those that do not in time; gives how many were running.

    :raises HypervisorError: some could not be stopped; all others were.
    """
    running = [server for server in servers if driver.power(server) is not Power.OFF]
    for server in running:  # one that hangs keeps its caller, and nobody else
        threading.Thread(target=_ask, args=(driver, server), daemon=True).start()
    _within(PATIENCE, lambda: all(driver.power(server) is Power.OFF for server in running))
    failures = [failure for server in running if (failure := _cut(driver, server))]
    if failures:
        raise errors.HypervisorError(f"{_count(len(failures), 'guest')} could not be stopped: {'; '.join(failures)}")
    return len(running)


def _ask(driver: libvirt.LibvirtDriver, server: str) -> None:
    with contextlib.suppress(errors.ToftError):  # its power is cut in the end
        driver.shutdown(server)


def _cut(driver: libvirt.LibvirtDriver, server: str) -> str:
    try:
        driver.destroy(server)
    except errors.ToftError as error:
        return error.message
    return ""


def forget_all(driver: libvirt.LibvirtDriver, servers: list[str], state: Path) -> str:
    """Remove guests, networks and files; says what went."""
    for server in servers:
        driver.undefine(server)
        driver.remove_files(server)
    networks = [network for network in driver.own_networks() if driver.remove_network(network)]
    for name in OURS:
        path = state / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return f"{_count(len(servers), 'guest')}, {_count(len(networks), 'network')} and all in {state} forgotten"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.2)
    return done()
