"""``toft replay``: a recorded time decided again under other policies, in figures and as a picture."""

from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Column, Table

from common.durable import written_whole
from controller.cmd.cloud import Api, session


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
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw it here, as SVG.")
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
    from controller.cmd.replay_picture import svg
    from controller.scheduler import recording
    from controller.scheduler.replay import replay as run
    from controller.scheduler.score import Policy

    try:
        known = recording.read(file.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    outcomes = [run("as recorded", known, None)]
    outcomes += [run(name, known, Policy(spread=name == "spread")) for name in policies]
    numbers = ("placed", "rejected", "hosts in use, mean", "most", "fragmentation, mean")
    table = Table("policy", *(Column(name, justify="right") for name in numbers), box=box.SIMPLE_HEAD, pad_edge=False)
    for one in outcomes:
        fragmented = f"{one.mean_fragmentation:.1%}"
        table.add_row(
            one.name, str(one.placed), str(one.rejected), f"{one.mean_used:.1f}", str(one.most_used), fragmented
        )
    Console().print(f"{len(known.hosts)} hosts, {len(known.decisions)} decisions", table)
    if picture:
        picture.write_text(svg(outcomes))
        click.echo(f"{picture}: hosts in use, rejects and fragmentation over time")
