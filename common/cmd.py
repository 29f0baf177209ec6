"""The ``toft`` command. Its subcommands are found by the entry-point group ``toft.commands``, loaded when called."""

import sys
from importlib.metadata import entry_points, version

import click

from common import errors


class Commands(click.Group):
    """A group that knows its commands by name and imports one only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all installed commands."""
        return sorted(point.name for point in entry_points(group="toft.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; for one that cannot be imported, give what says which package it needs."""
        for point in entry_points(group="toft.commands", name=cmd_name):
            try:
                command: click.Command = point.load()
            except ModuleNotFoundError as error:
                return _lame(cmd_name, f"needs the package {error.name}: pip install 'toft[all]'")
            return command
        return None


def _lame(name: str, needs: str) -> click.Command:
    """Make what stands for a command whose packages are missing: the help lists it, a call of it is refused."""

    def refuse() -> None:
        raise click.ClickException(f"toft {name} {needs}")

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, short_help=f"({needs})", context_settings=anything)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("toft"), prog_name="toft")
def toft() -> None:
    """Toft: a private cloud's controller, agent and tools."""


def main() -> None:
    """Run the command line; our own errors are one line each."""
    try:
        sys.exit(toft(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except errors.ToftError as error:
        click.echo(f"toft: {error.message}", err=True)
        sys.exit(1)
