"""``toft host``, as an operator calls it, over a real API."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cmd import cloud as clouds
from controller.cmd.host import ago, host, remarks, standing, validity
from tests.functional.cloud import Cloud, running

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB")

PLAIN = {
    "state": "up",
    "enabled": True,
    "disabled_reason": None,
    "closed": None,
    "degraded": None,
    "muted_at": None,
    "held": None,
    "strangers": 0,
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture
def call(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(cloud.clouds))
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *words: CliRunner().invoke(host, list(words))


def good(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_a_host_comes_turns_its_key_and_goes(call: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "host9.conf"
    assert "give it to the host's agent" in good(call("enroll", "host9", "--output", str(file)))
    assert file.stat().st_mode & 0o777 == 0o600
    assert "name = host9\n" in file.read_text()
    assert "host9" in good(call("list"))
    assert "never" in good(call("list"))
    told = good(call("rotate", "host9"))
    assert told.startswith("[bus]\n")
    assert told != file.read_text()
    shown = good(call("show", "host9"))
    assert "new" in shown
    assert "ends in 23 h" in shown
    good(call("rotate", "host9", "--retire"))
    assert "ends in" not in good(call("show", "host9"))
    assert good(call("remove", "host9")) == "host9 is forgotten\n"
    gone = call("show", "host9")
    assert (gone.exit_code, gone.output) == (1, "Error: there is no host host9\n")


def test_names_are_kept_apart(call: Callable[..., Result]) -> None:
    good(call("enroll", "host8"))
    again = call("enroll", "host8")
    assert again.exit_code == 1
    assert "toft host rotate" in again.output
    good(call("remove", "host8"))


def test_switches_say_how_the_host_is_then(call: Callable[..., Result]) -> None:
    good(call("enroll", "host7"))
    assert good(call("disable", "host7", "--reason", "new disks")) == "host7 is new disabled\n"
    assert "new disks" in good(call("list"))
    assert good(call("enable", "host7")) == "host7 is new\n"
    assert good(call("unmute", "host7")) == "host7 is new\n"
    held = call("approve", "host7")
    assert (held.exit_code, held.output) == (1, "Error: nothing that host host7 reports is held\n")
    good(call("remove", "host7"))


def test_nothing_is_in_quarantine(call: Callable[..., Result]) -> None:
    assert good(call("quarantine")) == "no domain is in quarantine\n"
    assert call("quarantine", "nowhere").output == "Error: there is no host nowhere\n"


ID = "019b76da-a800-7015-8b0c-8269809601bc"
TROUBLED = {
    **PLAIN,
    "id": ID,
    "name": "host2.rack-1",
    "state": "deaf",
    "enabled": False,
    "disabled_reason": "new disks",
    "closed": "short of 4096 MEMORY_MB",
    "degraded": f"start of {ID}: libvirt",
    "muted_at": "2026-01-01T11:59:58Z",
    "held": {"VCPU": 96},
    "epoch": 120,
    "version": "0.1.0",
    "boot_id": ID,
    "heard_at": "2026-01-01T11:59:58Z",
    "servers": 12,
    "strangers": 1,
    "has": {"VCPU": {"total": 64, "reserved": 1, "capacity": 252, "used": 12, "short_by": 0}},
    "credentials": [
        {
            "id": ID,
            "broker_user": "host-019b76da-8269809601bc",
            "created_at": "2026-01-01T11:59:58Z",
            "retires_at": "2026-01-02T11:59:58Z",
            "in_use": True,
        }
    ],
    "quarantine": [
        {
            "host": "host2.rack-1",
            "domain": ID,
            "first_seen": "2026-01-01T11:59:58Z",
            "reason": f"its server is on host {ID}",
        }
    ],
}


class Told:
    """An API with one host, in every trouble there is."""

    def get(self, path: str, **query: str) -> object:
        if path == "/quarantine":
            return {"quarantine": TROUBLED["quarantine"]}
        return {"hosts": [TROUBLED]} if path == "/hosts" else {"host": TROUBLED}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["list"], ["4096", "approve", "host2.rack-1", "closed"]),
        (["show", "host2"], ["252", "host-019b76da-8269809601bc", "in use, to be", "its server is on", ID]),
        (["quarantine"], ["host2.rack-1", "its server is on", ID]),
        (["quarantine", "host2"], [ID]),
    ],
    ids=" ".join,
)
def test_a_terminal_of_a_hundred_columns_holds_all_of_it(
    monkeypatch: pytest.MonkeyPatch, words: list[str], told: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(clouds, "session", lambda _cloud: Told())
    shown = good(CliRunner().invoke(host, words))
    assert max(map(len, shown.splitlines())) <= 100
    assert "…" not in shown
    for word in told:
        assert word in shown


@pytest.mark.parametrize(
    ("in_use", "retires_at", "said"),
    [
        (False, None, ""),
        (True, None, "in use"),
        (False, "2026-01-01T13:00:00Z", "ends in 1 h"),
        (True, "2026-01-01T12:00:30Z", "in use, ends in 30 s"),
        (True, "2026-01-01T12:00:00Z", "in use, to be replaced"),
    ],
)
def test_it_is_told_when_a_credential_ends(in_use: bool, retires_at: str | None, said: str) -> None:
    told = {"in_use": in_use, "retires_at": retires_at}
    assert validity(told, datetime(2026, 1, 1, 12, tzinfo=UTC)) == said


def test_every_trouble_has_its_word() -> None:
    assert standing(PLAIN) == "up"
    all_of_it = {**PLAIN, "state": "deaf", "enabled": False, "closed": "short of 1", "degraded": "x", "muted_at": "t"}
    assert standing({**all_of_it, "held": {"VCPU": 9}}) == "deaf disabled muted degraded held closed"
    told = remarks({**all_of_it, "disabled_reason": "disks", "held": {"VCPU": 9}, "strangers": 2})
    assert told == (
        "disks; short of 1; x; reports 9 of VCPU: toft host approve; 2 unknown domains: toft host quarantine"
    )


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (None, "never"),
        ("2026-01-01T11:59:58Z", "2 s"),
        ("2026-01-01T12:00:01Z", "0 s"),
        ("2026-01-01T11:55:00Z", "5 min"),
        ("2026-01-01T09:00:00Z", "3 h"),
        ("2025-12-30T12:00:00Z", "2 d"),
    ],
)
def test_times_are_told_in_their_greatest_unit(moment: str | None, said: str) -> None:
    assert ago(moment, datetime(2026, 1, 1, 12, tzinfo=UTC)) == said
