"""``toft replay``: a recorded time decided again under other policies, in figures and as a picture."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column

from common.durable import written_whole
from controller.cmd.cloud import Api, session
from controller.cmd.why_screen import table


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--record", is_flag=True, help="Write FILE from the cloud, instead of reading it.")
@click.option("--since", help="With --record: from when on. Default: a day before --until.")
@click.option("--until", help="With --record: until when. Default: now.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    type=click.Choice(["pack", "spread"]),
    help="Decide under this policy; may be given twice. Default: both.",
)
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw it here: .html or .svg.")
@click.option("--cloud", help="Cloud of clouds.yaml; else OS_CLOUD, else toft-admin.")
def replay(
    file: Path,
    record: bool,
    since: str | None,
    until: str | None,
    policies: tuple[str, ...],
    picture: Path | None,
    cloud: str | None,
) -> None:
    """Decide what FILE recorded again, and compare hosts in use, rejects and fragmentation."""
    if record:
        asked = {name: text for name, text in (("since", since), ("until", until)) if text}
        click.echo(f"{file}: {_record(session(cloud), file, asked)} decisions")
    else:
        _replay(file, policies or ("pack", "spread"), picture)


def _record(api: Api, file: Path, asked: dict[str, str]) -> int:
    """Write a recording; gives how many decisions it has."""
    from controller.scheduler import recording  # numpy: only commands that decide import it

    pages: list[dict[str, Any]] = [api.get("/recording", **asked)]
    times = {name: pages[0][name] for name in ("since", "until")}
    while pages[-1]["more"]:
        pages.append(api.get("/recording", marker=pages[-1]["decisions"][-1]["id"], **times))
    with written_whole(file) as out:
        out.write(recording.joined(pages))
    return sum(len(page["decisions"]) for page in pages)


def _replay(file: Path, policies: tuple[str, ...], picture: Path | None) -> None:
    from controller.cmd import replay_picture as drawing
    from controller.scheduler import recording
    from controller.scheduler.replay import replay as run
    from controller.scheduler.score import Policy

    try:
        known = recording.read(file.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    outcomes = [run("as recorded", known, None)]
    outcomes += [run(name, known, Policy(spread=name == "spread")) for name in policies]
    numbers = (Column(name, justify="right") for name in drawing.FIGURES)
    shown = table("policy", *numbers, rows=[(one.name, *drawing.figures(one)) for one in outcomes])
    Console().print(f"{len(known.hosts)} hosts, {len(known.decisions)} decisions", shown)
    if picture:
        draw = drawing.html if picture.suffix == ".html" else drawing.svg
        picture.write_text(draw(outcomes))
        click.echo(f"{picture}: hosts in use, rejects and fragmentation over time")
