"""`make lab`: start a lab, say what happens, and return when all its hosts are up. The lab goes on by itself."""

import os
import shutil
import signal
import subprocess
import sys
import time

import click

from lab import down, places, plan, remains, run, tenant


@click.command()
@click.option("--hosts", type=click.IntRange(1, 60), default=3, show_default=True)
@click.option("--controllers", type=click.IntRange(1, 2), default=1, show_default=True)
@click.option("--driver", type=click.Choice(["libvirt", "memory"]), default="libvirt", show_default=True)
@click.option("--memory", type=int, default=4096, show_default=True, help="MiB that each host offers to guests.")
def up(hosts: int, controllers: int, driver: str, memory: int) -> None:
    """Start a lab: RabbitMQ, PostgreSQL, controllers, and hosts with their agents."""
    _refuse_a_second()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    since = time.monotonic()
    try:
        chosen = _prepare(plan.new(hosts, controllers, driver, memory))
        _start(since)
        tenant.wait_for_hosts(chosen)
        _tell(since, f"all {hosts} hosts are up")
        tenant.furnish()
        _tell(since, "image `tiny`, flavor `tiny` and network `net` are there")
    except (Exception, KeyboardInterrupt) as error:
        click.echo(f"lab: {error or 'interrupted'}; it is taken down again, logs are in {places.LOG}", err=True)
        down.remove()
        raise SystemExit(1) from error
    click.echo(f"The lab answers on {chosen.api_url}; its clouds are `lab` and `lab-admin` in {places.CLOUDS}:")
    click.echo(f"  export OS_CLIENT_CONFIG_FILE={places.CLOUDS}")
    click.echo("  .venv/bin/openstack --os-cloud lab server create --image tiny --flavor tiny --network net --wait one")


def _refuse_a_second() -> None:
    if os.geteuid() != 0:
        raise click.ClickException("a lab needs root: it makes namespaces, and starts servers as their own users")
    if found := remains.found():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise click.ClickException(f"a lab is here already: {found[0]}{more}. First: make lab-down")


def _prepare(chosen: plan.Plan) -> plan.Plan:
    """Make the folders anew, and write down what the lab is to be."""
    for path in (places.STATE, places.RUN, places.LOG):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    places.STATE.chmod(0o711)
    chosen.save()
    tenant.write_clouds(chosen)
    return chosen


def _start(since: float) -> None:
    """Start the process that keeps the lab, and pass on what it says until all answers.

    :raises RuntimeError: a part did not start.
    """
    argv = [sys.executable, "-m", "lab.run"]
    environment = {**os.environ, places.MARK: str(places.STATE), "PYTHONPATH": str(places.ROOT)}
    process = subprocess.Popen(
        argv, cwd=places.ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    line = ""
    for line in map(str.strip, process.stdout):
        if line == run.READY:
            return
        _tell(since, line)
    raise RuntimeError(line or "the lab did not start")


def _tell(since: float, what: str) -> None:
    click.echo(f"  {time.monotonic() - since:6.1f} s  {what}")


if __name__ == "__main__":
    up()
