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


def test_routes_but_our_own(proc):
    (proc / "net").mkdir()
    (proc / "net" / "route").write_text(ROUTES)
    assert probe.routes() == ("192.0.2.0/24",)


def test_flags_become_standard_traits():
    traits = probe.cpu_traits(frozenset({"sse4_2", "aes", "avx512_vnni", "pni", "unheard_of"}))
    assert traits == tuple(f"HW_CPU_X86_{n}" for n in ("AESNI", "AVX512VNNI", "SSE3", "SSE42"))
    assert set(traits) <= set(os_traits.get_traits())


def test_no_flags_elsewhere(proc):
    (proc / "cpuinfo").write_text("processor : 0\nBogoMIPS : 48.00\n")
    assert probe.cpu_flags() == frozenset()


def test_the_meter_measures_between_two_looks(proc):
    stat = proc / "stat"
    stat.write_text("cpu 100 0 0 100 0 0 0 0 0 0\n")
    meter = probe.CpuMeter()
    assert meter.percent() == 0.0
    stat.write_text("cpu 175 0 0 120 5 0 0 0 0 0\n")
    assert meter.percent() == 75.0


def test_this_machine_has_memory_and_disk(tmp_path):
    total, available = probe.memory()
    assert total >= available > 0
    assert probe.disk(tmp_path).total >= probe.disk(tmp_path).free > 0
    assert len(probe.boot_id()) == 36
