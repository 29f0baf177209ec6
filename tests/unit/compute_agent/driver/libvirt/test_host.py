import libvirt
import pytest

from common import errors
from common.settings import Libvirt, Settings
from compute_agent.driver.libvirt import host, taps
from compute_agent.driver.libvirt.kvm import Proof
from compute_agent.driver.libvirt.storage.paths import Paths


def choose(**wishes: str) -> host.Choice:
    return host.choose(Settings(libvirt=Libvirt(**wishes)))


@pytest.mark.parametrize("virt", ["kvm", "qemu"])
@pytest.mark.parametrize("network", ["bridge", "user"])
def test_what_the_settings_insist_on(virt, network):
    assert choose(virt_type=virt, network=network)[:2] == (virt, network)


@pytest.mark.parametrize(("works", "virt"), [(True, "kvm"), (False, "qemu")])
@pytest.mark.parametrize(("refusal", "network"), [(None, "bridge"), ("refused", "user")])
def test_what_is_found_out(monkeypatch, works, virt, refusal, network):
    monkeypatch.setattr(host.kvm, "prove", lambda state: Proof("b", works, "why"))
    monkeypatch.setattr(taps, "refusal", lambda: refusal)
    assert choose()[:2] == (virt, network)


@pytest.mark.parametrize("wish", [{"virt_type": "xen"}, {"virt_type": "qemu", "network": "ovn"}])
def test_what_does_not_exist_is_refused(wish):
    with pytest.raises(errors.SettingsError, match="must be auto"):
        choose(**wish)


def test_a_libvirt_without_our_architecture_is_refused(tmp_path):
    class Connection:
        def getCapabilities(self) -> str:  # noqa: N802
            return "<capabilities><host/></capabilities>"

    with pytest.raises(errors.HypervisorError, match="no emulator"):
        host.facts(Connection(), host.Choice("qemu", "user", ""), Settings(), Paths(tmp_path))


def test_devices_that_cannot_be_listed_are_none():
    class Connection:
        def listAllDevices(self, flags: int) -> None:  # noqa: N802
            raise libvirt.libvirtError("no node device driver")

    assert host.pci_devices(Connection()) == ()


def test_refused_taps_say_why(monkeypatch, tmp_path):
    monkeypatch.setattr(taps, "TUN", tmp_path / "tun")
    assert "No such file" in (taps.refusal() or "")
