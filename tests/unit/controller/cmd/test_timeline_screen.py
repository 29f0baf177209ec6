"""The screen of a server's timeline, read as text."""

from typing import Any

from rich.console import Console

from controller.cmd import timeline_screen

FIRST, SECOND = "one/11", "one/12"


def at(seconds: float) -> str:
    return f"2026-01-01T00:00:{seconds:09.6f}Z"


def moment(seconds: float, step: str, outcome: str = "done", detail: str = "", **more: Any) -> dict[str, Any]:
    base = {"at": at(seconds), "workflow_id": "w", "workflow": "server.create", "step": step, "outcome": outcome}
    return base | {"detail": detail} | more


def body(*moments: dict[str, Any], **changed: Any) -> dict[str, Any]:
    work = {
        "id": "w",
        "workflow": "server.create",
        "state": "done",
        "accepted_at": at(0),
        "updated_at": at(10),
        "request_id": "req-1",
        "failure": None,
    }
    return {
        "server": {"id": "s-1", "name": "web", "status": "ACTIVE"},
        "workflows": [work | changed],
        "timeline": list(moments),
    }


def drawn(told: dict[str, Any], width: int = 100) -> list[str]:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(timeline_screen.page(told, width))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_each_step_is_a_line_with_its_time() -> None:
    told = body(
        moment(2, "claim", controller=FIRST),
        moment(2, "settle", "waiting", controller=FIRST),
        moment(8, "settle", detail="ssh: h:22", controller=FIRST, took={"image": 1.0, "define": 3.0}),
        moment(10, "open", controller=FIRST),
    )
    told["placed"] = [{"at": at(2), "host": "host2"}, {"at": "2026-01-02T00:00:00Z", "host": "later"}]
    lines = drawn(told)
    assert lines[0] == "web  s-1  ACTIVE"
    assert lines[2] == "server.create  2026-01-01 00:00:00  done after 10.0 s  on host2"
    assert [line.split()[0] for line in lines[3:]] == ["+0.000", "+2.000", "+5.000", "+8.000", "+8.000", "+10.0"]
    assert "accept" in lines[3]
    assert "req-1" in lines[3]
    assert lines[5].split() == ["+5.000", "s", "1.000", "s", "██", "image", "done", "on", "the", "host"]
    assert lines[7].split()[-4:] == ["done", "ssh:", "h:22", FIRST]
    assert max(map(len, lines)) <= 100


def test_bars_follow_one_another() -> None:
    bars = [timeline_screen.bar_of(*span, 10.0, 10) for span in ((0, 2), (2, 8), (8, 10), (10, 10), (3, 3.01))]
    assert bars == ["██", "  ██████", "        ██", "         ▏", "   ▏"]
    assert timeline_screen.bar_of(0, 0, 0, 10) == "▏"


def test_who_went_on_is_told_with_the_pause() -> None:
    lines = drawn(body(moment(1, "claim", controller=FIRST), moment(9, "network", controller=SECOND)))
    assert any(line.endswith(f"from {FIRST}, 8.000 s later  {SECOND}") for line in lines)
    quick = drawn(body(moment(1, "claim", controller=FIRST), moment(2, "network", controller=SECOND)))
    assert any(line.endswith(f"from {FIRST}  {SECOND}") for line in quick)


def test_tenants_see_no_controllers() -> None:
    assert not any("/" in line for line in drawn(body(moment(1, "claim"), moment(2, "open"))))


def test_failed_tries_and_failures_say_why() -> None:
    failed = moment(9, "settle", "failed", "no KVM", tries=["busy", "still busy"])
    retry = moment(1, "claim", "retry", "the database was away")
    text = "\n".join(drawn(body(retry, failed, failure={"code": "hypervisor", "message": "no KVM"}, state="undone")))
    for told in ("try 1", "busy", "try 2", "still busy", "the database was away", "hypervisor: no KVM", "undone after"):
        assert told in text


def test_one_under_way_waits_at_its_last_step() -> None:
    lines = drawn(body(moment(1, "settle", "waiting", "looks again after 60 s"), state="live"))
    assert lines[2].endswith("under way")
    assert lines[-1].split()[-7:] == ["settle", "waiting", "looks", "again", "after", "60", "s"]


def test_what_belongs_to_no_workflow_stands_by_itself() -> None:
    back = moment(9, "settle", detail="ssh: h:23") | {"workflow_id": "", "workflow": "server.return"}
    assert drawn(body(back))[-1] == "2026-01-01 00:00:09  server.return: ssh: h:23"


def test_narrow_screens_get_shorter_bars() -> None:
    assert max(map(len, drawn(body(moment(5, "claim"), moment(10, "open")), 80))) <= 80


def test_long_times_are_in_minutes() -> None:
    assert [timeline_screen.seconds(value) for value in (0.0123, 9.9, 10, 119, 300)] == [
        "0.012 s",
        "9.900 s",
        "10.0 s",
        "119.0 s",
        "5.0 m",
    ]
