"""``toft db``: the database's schema."""

import click

from common import errors, settings
from controller.db import migrate


@click.group()
def db() -> None:
    """Look after the controller's database."""


@db.command()
@click.option("--config", multiple=True, type=click.Path(exists=True), help="Settings file; later ones win.")
def upgrade(config: tuple[str, ...]) -> None:
    """Bring the schema to this version's; again is harmless."""
    url = settings.load(config).database_url
    try:
        before, after = migrate.current(url), migrate.upgrade(url)
    except errors.DatabaseUnavailable as error:
        raise click.ClickException(f"the database cannot be reached: {_cause(error)}") from error
    done = "nothing to do" if before == after else f"upgraded from {before or 'an empty database'}"
    click.echo(f"schema {after}: {done}")


def _cause(error: Exception) -> str:
    """Give the driver's own first line; it names the host or the file, never the password."""
    driver = getattr(error.__cause__, "orig", None) or error
    return str(driver).strip().splitlines()[0]
