"""Replays: what was recorded decided again; the file that it is read from; the picture."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from click.testing import CliRunner

from common import errors
from controller.cmd import replay as command
from controller.cmd.replay_picture import html, svg
from controller.scheduler import inputs, recording
from controller.scheduler.fleet import Fleet
from controller.scheduler.replay import Recording, Taken, replay
from controller.scheduler.score import Policy
from controller.scheduler.terms import HostView, Place
from tests.services.views import ask, numa, pinned, view

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def taken(minute: float, name: str, host: str | None, end: float | None = None, **demand: Any) -> Taken:
    place = Place(host=host) if host else None
    return Taken(at(minute), None if end is None else at(end), ask(name, **demand), place)


def recorded(*decisions: Taken, hosts: int = 4) -> Recording:
    return Recording(at(0), at(60), [view(f"h{n}") for n in range(hosts)], decisions)


DAY = recorded(
    taken(-5, "old", "h3", end=30),
    *(taken(n, f"s{n}", f"h{n % 4}") for n in range(1, 5)),
    taken(10, "large", None, shared=8),
    taken(20, "gone", "h0", end=40, shared=1),
)


def test_as_recorded_each_goes_where_it_went() -> None:
    found = replay("as recorded", DAY, None, points=7)
    assert [point.used for point in found.points] == [1, 4, 4, 4, 4, 4, 4]
    assert (found.placed, found.rejected, found.most_used) == (5, 1, 4)
    assert [point.rejected for point in found.points] == [0, 1, 1, 1, 1, 1, 1]
    assert [point.at for point in found.points] == [at(10 * n) for n in range(7)]


def test_another_policy_decides_anew() -> None:
    packed = replay("pack", DAY, Policy(), points=7)
    assert [point.used for point in packed.points] == [1, 3, 3, 3, 3, 3, 3]
    assert (packed.placed, packed.rejected) == (6, 0), "the large one fits where servers are packed"
    spread = replay("spread", DAY, Policy(spread=True), points=7)
    assert spread.most_used == 4
    assert packed.mean_used < spread.mean_used


def test_fragmentation_is_that_of_what_was_asked_most() -> None:
    apart = recorded(*(taken(n, f"s{n}", f"h{n}", shared=5) for n in range(4)))
    assert replay("as recorded", apart, None, points=2).points[-1].fragmentation == pytest.approx(1.0)
    assert replay("nothing", recorded(), None, points=2).mean_fragmentation == 0.0


def test_a_host_that_is_gone_takes_nothing() -> None:
    found = replay("as recorded", recorded(taken(1, "s", "elsewhere", end=5)), None, points=3)
    assert (found.placed, found.most_used) == (1, 0)


def document(known: Recording) -> bytes:
    decisions = [
        {
            "id": str(number),
            "server": one.ask.server,
            "at": one.at,
            "ended_at": one.ended_at,
            "host": one.place.host if one.place else None,
            "inputs": inputs.write(one.ask, one.place),
        }
        for number, one in enumerate(known.decisions)
    ]
    page = {"since": known.since, "until": known.until, "hosts": [inputs.slim(host) for host in known.hosts]}
    more = {"since": known.since, "until": known.until, "decisions": decisions[1:], "more": False}
    return recording.joined([page | {"decisions": decisions[:1], "more": True}, more])


def test_a_recording_comes_back_whole() -> None:
    hosts: list[HostView] = [numa("h1"), view("h2", traits=frozenset("a"))]
    pin = pinned(cpus=2)
    known = DAY._replace(hosts=hosts, decisions=[*DAY.decisions, Taken(at(50), None, pin, None)])
    assert recording.read(document(known)) == known


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b'{"since": 1}', b"\xff", document(DAY).replace(b'"seed"', b'"sown"')],
)
def test_what_is_no_recording_is_refused(text: bytes) -> None:
    with pytest.raises(errors.BadRequest, match="this is no recording"):
        recording.read(text)


def test_the_picture_has_a_panel_for_each_measure_and_a_line_for_each_policy() -> None:
    outcomes = [replay("as <recorded>", DAY, None, points=5), replay("pack", DAY, Policy(), points=5)]
    page = html(outcomes)
    assert "as &lt;recorded&gt;</td><td>5</td><td>1</td>" in page
    assert svg(outcomes) in page
    root = ElementTree.fromstring(svg(outcomes))
    space = {"s": "http://www.w3.org/2000/svg"}
    lines = root.findall("s:polyline", space)
    texts = [text.text for text in root.findall("s:text", space)]
    assert len(lines) == 3 * 2
    assert {"as <recorded>", "pack", "hosts in use", "fragmentation"} <= set(texts)
    for line in lines:
        for x, y in (pair.split(",") for pair in line.attrib["points"].split()):
            assert 0 <= float(x) <= 960
            assert 0 <= float(y) <= float(root.attrib["height"])


class Pages:
    """An API that has a recording of two pages."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def get(self, path: str, **query: str) -> dict[str, Any]:
        self.asked.append(query)
        whole = msgspec.json.decode(document(DAY))
        first, rest = whole["decisions"][:2], whole["decisions"][2:]
        if "marker" in query:
            return whole | {"decisions": rest, "more": False}
        return whole | {"decisions": [one | {"id": f"d-{one['server']}"} for one in first], "more": True}


def test_a_recording_is_fetched_page_upon_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages()
    monkeypatch.setattr(command, "session", lambda cloud: pages)
    done = CliRunner().invoke(command.replay, ["--record", str(tmp_path / "day"), "--since", "2026-01-01"])
    assert done.output == f"{tmp_path / 'day'}: 7 decisions\n"
    assert pages.asked[0] == {"since": "2026-01-01"}
    assert pages.asked[1] == {
        "marker": "d-s1",
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-01-01T01:00:00Z",
    }
    assert len(recording.read((tmp_path / "day").read_bytes()).decisions) == 7


def test_a_picture_is_a_page_or_a_drawing_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "day").write_bytes(document(DAY))
    for name, start in (("a.html", "<!doctype html>"), ("a.svg", "<svg")):
        done = CliRunner().invoke(
            command.replay, [str(tmp_path / "day"), "--policy", "pack", "--picture", str(tmp_path / name)]
        )
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).read_text().startswith(start)


@pytest.mark.parametrize("spread", [False, True])
def test_under_its_own_policy_a_recording_ends_as_it_was(spread: bool) -> None:
    made, decisions = Fleet(Policy(spread=spread)), []
    made.load(DAY.hosts)
    for n in range(30):
        wanted = ask(f"s{n}", shared=1 + n % 4, memory_mib=256 * (1 + n % 3), hints={"seed": n * 7919})
        place = made.decide(wanted)
        if place:
            made.commit(wanted, place)
        ends = at(n + 9) if place and n % 3 else None
        decisions.append(Taken(at(n), ends, wanted, place))
        for gone in [one for one in decisions if one.ended_at == at(n + 1) and one.place]:
            assert gone.place
            made.release(gone.ask, gone.place)
    known = DAY._replace(decisions=decisions)
    again = replay("again", known, Policy(spread=spread))
    assert again._replace(name="as recorded") == replay("as recorded", known, None)
    assert again.rejected > 0
