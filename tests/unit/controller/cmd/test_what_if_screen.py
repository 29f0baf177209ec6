"""The screens of what would be, read as text."""

from typing import Any

from rich.console import Console, RenderableType

from controller.cmd import what_if_screen as screen


def drawn(page: RenderableType) -> list[str]:
    console = Console(width=110, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(page)
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


def told(**changed: Any) -> dict[str, Any]:
    return {"flavor": "small", "count": 3, "fits": 3, "hosts": {"h[1]": 3}, "hosts_seen": 4, "binds": None} | changed


def test_all_fit() -> None:
    lines = drawn(screen.fit(told()))
    assert lines[0] == "3 of 3 servers of small would fit now"
    assert lines[1] == "on 1 host"
    assert lines[-1].split() == ["h[1]", "3"]


def test_many_hosts_are_counted() -> None:
    lines = drawn(screen.fit(told(hosts={f"h{n:02}": 1 for n in range(25)})))
    assert lines[-1].split() == ["and", "5", "more"]
    assert lines[-2].split() == ["h19", "1"]


def test_what_binds_is_shown() -> None:
    binds = {
        "fallen": [{"filter": "memory", "hosts": 4, "codes": ["memory-mb"], "reasons": {"h1": "needs 9 MiB, 1 free"}}],
        "near": [{"host": "h1", "missing": ["needs 9 MiB, 1 free"]}],
        "fits": [{"code": "memory", "text": "if memory <= 1 MiB"}],
    }
    lines = drawn(screen.fit(told(fits=0, hosts={}, binds=binds)))
    assert lines[:2] == ["0 of 3 servers of small would fit now", "why one more does not fit"]
    assert "  if memory <= 1 MiB" in lines
    assert "4 hosts seen" in lines


def test_moves_are_listed() -> None:
    move = {"server": "id-1", "name": "web", "from": "h1", "to": "h2"}
    found = {"flavor": "large", "host": "h1", "moves": [move], "tried": 7, "whole": True}
    lines = drawn(screen.room(found))
    assert lines[0] == "a server of large fits on h1 after 1 move (7 sets of servers were tried)"
    assert lines[-1].split() == ["web", "id-1", "h1", "h2"]
    assert "nothing is to be moved" in drawn(screen.room(found | {"moves": []}))[0]
    nowhere = found | {"host": None, "moves": []}
    assert drawn(screen.room(nowhere))[0].endswith("all there are of that size")
    assert "there may be a way" in " ".join(drawn(screen.room(nowhere | {"whole": False})))


def test_fragmentation_by_flavor_and_by_host() -> None:
    body = {
        "flavors": [{"name": "small", "lands": 4, "held": 6, "hosts": 4, "fragmentation": 0.3333}],
        "hosts": [{"name": "h1", "servers": 2, "shut": "", "lands": {"small": 1}}],
    }
    assert drawn(screen.fragmentation(body, hosts=False))[-1].split() == ["small", "4", "6", "4", "33.3%"]
    assert drawn(screen.fragmentation(body, hosts=True))[-1].split() == ["h1", "2", "1"]
