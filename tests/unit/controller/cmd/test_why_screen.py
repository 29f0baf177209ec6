"""The screen of ``toft why``, read as text."""

from typing import Any

from rich.console import Console

from controller.cmd import why_screen

NOWHERE: dict[str, Any] = {
    "at": "2026-01-01T00:00:00.000000Z",
    "placed": False,
    "reason": "No valid host: 4 hosts; 3 lack memory, 1 is out of service; fits if memory <= 1736 MiB",
    "hosts_seen": 4,
    "fallen": [
        {"filter": "shut", "hosts": 1, "codes": ["shut"], "reasons": {"h9": "disabled: [new] disk"}},
        {
            "filter": "memory",
            "hosts": 3,
            "codes": ["memory-mb"],
            "reasons": {f"h{n}": "needs 4096 MiB, 9 free" for n in range(4)},
        },
    ],
    "fits": [
        {"code": "memory", "text": "if memory <= 1736 MiB"},
        {"code": "move", "text": "after moving 1 server", "hosts": "web off h1"},
    ],
    "host": None,
    "best": [],
    "near": [{"host": "h1", "missing": ["needs 4096 MiB, 9 free", "has no [x]"]}],
}
PLACED: dict[str, Any] = {
    "at": "2026-01-01T00:00:00.000000Z",
    "placed": True,
    "reason": "best of 2 that fit among 3",
    "hosts_seen": 3,
    "fallen": [{"filter": "cpus", "hosts": 1, "codes": [], "reasons": {}}],
    "fits": [],
    "host": "h2",
    "best": [
        {"host": "h2", "score": 0.25, "terms": {"memory": 0.25}},
        {"host": "h1", "score": 8.5, "terms": {"memory": 0.5, "empty": 8.0}},
    ],
    "near": [],
}


def drawn(*decisions: dict[str, Any]) -> list[str]:
    told = {"server": {"id": "s-1", "name": "web", "status": "ERROR"}, "decisions": list(decisions)}
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(why_screen.page(told))
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


def words(lines: list[str], first: str) -> list[str]:
    *_, line = (line for line in lines if line.split()[:1] == [first])
    return line.split()


def test_an_operator_sees_where_hosts_fell_what_was_near_and_what_would_fit() -> None:
    lines = drawn(NOWHERE)
    assert lines[0] == "web  s-1  ERROR"
    assert lines[1].startswith("2026-01-01 00:00:00  nowhere  No valid host: 4 hosts; 3 lack memory")
    assert "4 hosts seen" in lines
    assert words(lines, "shut") == ["shut", "1", "3", "h9:", "disabled:", "[new]", "disk"]
    assert words(lines, "memory")[:4] == ["memory", "3", "0", "h0:"]
    assert not any("h3:" in line for line in lines), "three hosts of each filter"
    assert "  after moving 1 server (web off h1)" in lines
    assert words(lines, "h1")[1:] == ["needs", "4096", "MiB,", "9", "free;", "has", "no", "[x]"]


def test_a_tenant_sees_counts_codes_and_what_would_fit() -> None:
    fallen = [{key: value for key, value in one.items() if key != "reasons"} for one in NOWHERE["fallen"]]
    shown = {key: NOWHERE[key] for key in ("at", "placed", "reason", "hosts_seen", "fits")}
    shown["fits"] = [{"code": "zone", "text": "in zone b"}]
    lines = drawn(shown | {"fallen": fallen})
    assert words(lines, "memory") == ["memory", "3", "0", "memory-mb"]
    assert lines[-1] == "  in zone b"
    assert not any("nearest" in line for line in lines)


def test_a_server_that_has_a_host_shows_the_best_with_their_terms() -> None:
    lines = drawn(PLACED, NOWHERE)
    assert lines[1] == "2026-01-01 00:00:00  placed on h2  best of 2 that fit among 3"
    assert words(lines, "cpus") == ["cpus", "1", "2"]
    at = next(place for place, line in enumerate(lines) if line.startswith("best hosts"))
    assert lines[at + 1].split() == ["host", "score", "memory", "empty"]
    assert [line.split() for line in lines[at + 3 : at + 5]] == [
        ["h2", "0.25", "0.25", "0"],
        ["h1", "8.5", "0.5", "8"],
    ]
    assert sum("nowhere" in line for line in lines) == 1, "the latest first, then the one before"


def test_what_was_not_decided_yet_says_so() -> None:
    assert drawn() == ["web  s-1  ERROR", "no decision was made on it yet"]
