import pytest

from compute_agent.driver.libvirt import kvm
from compute_agent.resources import probe


def test_the_probe_runs_a_guests_code():
    assert kvm.run_probe("tcg") == (True, "the probe ran")


def test_a_probe_that_cannot_run_says_why():
    works, why = kvm.run_probe("nonsense")
    assert not works
    assert "the probe ended with 1" in why


def test_a_probe_that_hangs_is_ended():
    assert kvm.run_probe("tcg", seconds=0)[0] is False


def test_without_the_cpus_help_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(probe, "cpu_flags", lambda: frozenset({"sse"}))
    assert not kvm.find_out().works


@pytest.mark.parametrize("flag", ["vmx", "svm"])
def test_with_it_the_probe_decides(monkeypatch, flag):
    monkeypatch.setattr(probe, "cpu_flags", lambda: frozenset({flag}))
    monkeypatch.setattr(kvm, "run_probe", lambda accelerator: (True, accelerator))
    assert kvm.find_out() == kvm.Proof(probe.boot_id(), True, "kvm")


def test_a_proof_holds_for_one_boot(tmp_path, monkeypatch):
    proofs = [kvm.Proof(probe.boot_id(), True, "first"), kvm.Proof("x", False, "second")]
    monkeypatch.setattr(kvm, "find_out", lambda: proofs.pop(0))
    assert kvm.prove(tmp_path).why == "first"
    assert kvm.prove(tmp_path).why == "first"
    monkeypatch.setattr(probe, "boot_id", lambda: "x")
    assert kvm.prove(tmp_path).why == "second"
    (tmp_path / "agent" / "kvm.json").write_text("{")
    proofs.append(kvm.Proof("x", True, "third"))
    assert kvm.prove(tmp_path).why == "third"
