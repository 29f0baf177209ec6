import re
import resource

import os_traits
import pytest

from compute_agent.resources import probe

ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
tbr-1 0000000A 00000000 0001 0 0 0 00FFFFFF 0 0 0
virbr0 007AA8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
"""


@pytest.fixture
def proc(tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "PROC", tmp_path)
    return tmp_path


def test_routes_and_their_devices(proc):
    (proc / "net").mkdir()
    (proc / "net" / "route").write_text(ROUTES)
    assert [(route.cidr, route.device) for route in probe.routes()] == [
        ("10.0.0.0/24", "tbr-1"),
        ("192.0.2.0/24", "eth0"),
        ("192.168.122.0/24", "virbr0"),
    ]


def test_flags_become_standard_traits():
    traits = probe.cpu_traits(frozenset({"sse4_2", "aes", "avx512_vnni", "pni", "unheard_of"}))
    assert traits == tuple(f"HW_CPU_X86_{n}" for n in ("AESNI", "AVX512VNNI", "SSE3", "SSE42"))
    assert set(traits) <= set(os_traits.get_traits())


def test_no_flags_elsewhere(proc):
    (proc / "cpuinfo").write_text("processor : 0\nBogoMIPS : 48.00\n")
    assert probe.cpu_flags() == frozenset()


@pytest.mark.parametrize(
    ("hard", "bounds", "locks"),
    [
        (resource.RLIM_INFINITY, "CapBnd:\t0000000000000000\n", True),
        (8192, "CapBnd:\t000001ffffffffff\n", True),
        (8192, "CapBnd:\t000001fffeffffff\n", False),
        (8192, "", False),
    ],
)
def test_memory_can_be_locked_where_limits_can_be_raised(proc, monkeypatch, hard, bounds, locks):
    monkeypatch.setattr(probe.resource, "getrlimit", lambda kind: (8192, hard))
    (proc / "self").mkdir()
    (proc / "self/status").write_text(f"Name:\tcat\n\n{bounds}")
    assert probe.locks_memory() is locks


def test_mounted_file_systems_are_known_by_their_kind(proc):
    (proc / "self").mkdir()
    (proc / "self/mounts").write_text("proc /proc proc rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw 0 0\n")
    assert probe.is_mounted("hugetlbfs")
    assert not probe.is_mounted("tmpfs")


def test_the_meter_measures_between_two_looks(proc):
    stat = proc / "stat"
    stat.write_text("cpu 100 0 0 100 0 0 0 0 0 0\n")
    meter = probe.CpuMeter()
    assert meter.percent() == 0.0
    stat.write_text("cpu 175 0 0 120 5 0 0 0 0 0\n")
    assert meter.percent() == 75.0


CLIENTS_READ = re.compile(r"\s*(.+)\sup\s+(.+),\s+(.+)\susers?,\s+load average:\s(.+)")
"""What a client takes an uptime apart with."""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ("59.99", "0 min"),
        ("3599.0", "59 min"),
        ("9180.5", "2:33"),
        ("86400.0", "1 day, 0 min"),
        ("266580.0", "3 days, 2:03"),
    ],
)
def test_uptime_is_written_as_clients_read_it(proc, monkeypatch, seconds, said):
    (proc / "uptime").write_text(f"{seconds} 100.0\n")
    (proc / "loadavg").write_text("0.33 0.36 0.34 1/200 4242\n")
    monkeypatch.setattr(probe, "LOGINS", proc / "utmp")
    told = CLIENTS_READ.fullmatch(probe.uptime())
    assert told is not None
    assert (told[2].replace("  ", " "), told[3], told[4]) == (said, "0", "0.33, 0.36, 0.34")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", told[1])


def test_users_that_are_logged_in_are_counted(proc, monkeypatch):
    monkeypatch.setattr(probe, "LOGINS", proc / "utmp")
    (proc / "utmp").write_bytes(b"".join(bytes([kind]) + bytes(383) for kind in (2, 7, 8)))
    (proc / "uptime").write_text("60.0 1.0\n")
    (proc / "loadavg").write_text("0 0 0 1/2 3\n")
    assert probe.logins() == 1
    assert "  1 user," in probe.uptime()


def test_this_machine_has_memory_and_disk(tmp_path):
    total, available = probe.memory()
    assert total >= available > 0
    assert probe.disk(tmp_path).total >= probe.disk(tmp_path).free > 0
    assert len(probe.boot_id()) == 36
