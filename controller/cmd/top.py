"""``toft top``: the whole cloud on one screen, live."""

import time

import click
from rich.console import Console
from rich.live import Live

from controller.cmd import top_screen
from controller.cmd.cloud import session


@click.command()
@click.option("--cloud", help="Cloud of clouds.yaml; else OS_CLOUD, else toft-admin.")
@click.option("--once", is_flag=True, help="Print it once, and end.")
@click.option("--every", default=2.0, show_default=True, type=click.FloatRange(0.5), help="Seconds between looks.")
def top(cloud: str | None, once: bool, every: float) -> None:
    """Show workflows, queues, controllers, and the hosts that want a look first; Ctrl-C ends it."""
    api = session(cloud)
    console = Console()
    if once:
        console.print(top_screen.page(api.get("/overview"), console.width, rows=None))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                page = top_screen.page(api.get("/overview"), console.width, rows=console.height)
                live.update(page, refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return
