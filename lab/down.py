"""`make lab-down`: leave nothing of a lab, whether it runs, half started or crashed."""

import shutil
import time

import click

from lab import network, places, processes, remains

PATIENCE = 30.0


@click.command()
def down() -> None:
    """End a lab's processes, and remove its namespaces, links and files. Logs stay."""
    ended = remove()
    if left := remains.found():
        raise click.ClickException(f"still there: {', '.join(left)}")
    click.echo(f"The lab is gone ({ended} processes ended)." if ended else "No lab was here.")


def remove() -> int:
    """Remove a lab; gives how many processes it had."""
    keeper = places.pid_file("keeper")
    ended: set[int] = set()
    # the keeper first, which would start the others again
    if keeper.exists() and (pid := int(keeper.read_text())) in remains.running():
        processes.kill(pid)
        ended.add(pid)
    end = time.monotonic() + PATIENCE
    while (found := remains.running()) and time.monotonic() < end:
        for pid in found:
            processes.kill(pid)
        ended.update(found)
        time.sleep(0.1)
    for link in remains.links():
        network.remove(link)
    for path in (places.STATE, places.RUN):
        shutil.rmtree(path, ignore_errors=True)
    places.CLOUDS.unlink(missing_ok=True)
    return len(ended)


if __name__ == "__main__":
    down()
