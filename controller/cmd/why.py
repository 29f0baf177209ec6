"""``toft why``: why a server is where it is, or nowhere."""

import click
from rich.console import Console

from controller.cmd import why_screen
from controller.cmd.cloud import session
from controller.cmd.server import UUID, named


@click.command()
@click.argument("server")
@click.option("--cloud", help="Cloud of clouds.yaml; else OS_CLOUD, else toft-admin.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
def why(server: str, cloud: str | None, as_json: bool) -> None:
    """Show how the scheduler decided on SERVER (its id or name): which hosts fell, which were near, what would fit."""
    api = session(cloud, "compute")
    found = api.get(f"/servers/{server if UUID.fullmatch(server) else named(api, server)}/toft-decision")
    console = Console()
    if as_json:
        console.print_json(data=found)
    else:
        console.print(why_screen.page(found))
