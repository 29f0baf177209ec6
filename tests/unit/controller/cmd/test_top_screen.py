"""The screen of ``toft top``, read as text."""

from typing import Any

from rich.console import Console

from controller.cmd import top_screen


def host(name: str, **changed: Any) -> dict[str, Any]:
    base = {"name": name, "state": "up", "enabled": True, "trouble": "", "silent_seconds": 3.0, "lease_seconds": 57.0}
    return base | {"epoch": 4, "servers": 12, "cpu_percent": 40.0, "memory_used_mib": 2048} | changed


def overview(**changed: Any) -> dict[str, Any]:
    gauges = {"writer_waiting": 2, "reports_per_second": 9.5}
    one = {"name": "one", "alive": True, "up_seconds": 7300.0, "silent_seconds": 1.0, "gauges": gauges}
    gone = {"name": "two", "alive": False, "up_seconds": 20.0, "silent_seconds": 300.0, "gauges": {}}
    return {
        "at": "2026-01-01T10:20:30.000000Z",
        "controllers": [one, gone],
        "leases": [{"name": "scheduler", "holder": "one/11"}],
        "queues": {"outbox": {"rows": 7, "oldest_seconds": 6.0}, "notification": {"rows": 0, "oldest_seconds": 0.0}},
        "workflows": [
            {"kind": "server.create", "step": "settle", "direction": "forward", "number": 30, "oldest_seconds": 61.0},
            {"kind": "server.create", "step": "build", "direction": "back", "number": 1, "oldest_seconds": 2.0},
        ],
        "rates": [{"kind": "server.create", "state": "done", "per_second": 12.3}],
        "servers": {"ACTIVE": 100, "ERROR": 1},
        "quarantined": 2,
        "hosts": {"states": {"up": 1, "down": 1, "disabled": 1}, "listed": LISTED},
    } | changed


LISTED = [
    host("far", state="down", silent_seconds=400.0, lease_seconds=-340.0, cpu_percent=None, memory_used_mib=None),
    host("shut", enabled=False),
    host("near", trouble="define has not come back"),
]


def drawn(told: dict[str, Any], rows: int | None = None, width: int = 100) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(top_screen.page(told, width, rows))
    return [line.rstrip() for line in console.export_text().splitlines()]


def line_of(lines: list[str], name: str) -> list[str]:
    return next(line.split() for line in lines if line.split()[:1] == [name])


def test_all_is_there() -> None:
    lines = drawn(overview())
    text = "\n".join(lines)
    for told in ("100 ACTIVE  1 ERROR", "1 disabled  1 down  1 up", "quarantined: 2", "server.create 12.3/s done"):
        assert told in text
    for told in ("settle", "undo build", "61 s", "outbox", "6.0 s", "scheduler", "9.5", "gone 5 m", "2 h"):
        assert told in text
    assert line_of(lines, "far") == ["far", "down", "7", "m", "ended", "12", "4"]
    assert line_of(lines, "shut")[1] == "disabled"
    assert line_of(lines, "near") == [
        "near",
        "up",
        "3.0",
        "s",
        "57",
        "s",
        "12",
        "40",
        "%",
        "2.0",
        "GiB",
        "4",
        "define",
        "has",
        "not",
        "come",
        "back",
    ]
    assert max(map(len, lines)) <= 100


def test_a_low_screen_shows_the_first_hosts() -> None:
    many = {"states": {"up": 1000}, "listed": [host(f"h{n}") for n in range(50)]}
    text = "\n".join(drawn(overview(hosts=many), rows=24))
    assert "hosts: 6 of 1000, those that want a look first" in text
    assert "h5" in text
    assert "h6" not in text


def test_an_idle_cloud() -> None:
    idle = overview(workflows=[], rates=[], servers={}, quarantined=0, hosts={"states": {}, "listed": []})
    text = "\n".join(drawn(idle))
    assert "servers: none" in text
    assert "ended lately: nothing" in text
    assert "quarantined" not in text


def test_ages_have_units_and_turn_red() -> None:
    assert [top_screen.short(s) for s in (0.5, 42, 130, 8000, 200000)] == ["0.5 s", "42 s", "2 m", "2 h", "2 d"]
    assert [top_screen.age(s, "host").style for s in (29.0, 31.0)] == ["", "red"]
