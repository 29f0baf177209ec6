import libvirt
import pytest

from compute_agent.doctor import checks
from compute_agent.driver.libvirt import checks as libvirt_checks
from tests.libvirt.test_guest import SERVER, built, clean, virsh  # noqa: F401


def verdicts(settings) -> dict[str, str]:
    return {check.name: check.verdict for check in checks(settings)}


def test_a_host_of_the_lab_has_nothing_that_fails(settings, driver):
    assert "fail" not in verdicts(settings).values()


def test_a_domain_that_would_start_by_itself_fails(settings, driver, tiny, clean, virsh):  # noqa: F811
    clean(driver)
    built(driver, tiny)
    virsh.lookupByUUIDString(SERVER).setAutostart(True)
    assert verdicts(settings)["domains"] == "fail"
    virsh.lookupByUUIDString(SERVER).setAutostart(False)
    assert verdicts(settings)["domains"] == "ok"


def test_a_libvirtd_that_is_not_there_fails(settings, monkeypatch):
    def refuse(uri):
        raise libvirt.libvirtError("nobody answers")

    monkeypatch.setattr(libvirt, "open", refuse)
    assert verdicts(settings)["libvirtd"] == "fail"


@pytest.mark.parametrize(("line", "verdict"), [("ON_BOOT=start", "fail"), ("ON_SHUTDOWN=suspend", "fail"), ("#", "ok")])
def test_guests_that_start_before_the_handshake(tmp_path, monkeypatch, line, verdict):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "libvirt-guests").write_text(f"{line}\n")
    monkeypatch.setattr(libvirt_checks, "ETC", tmp_path)
    assert libvirt_checks._guests_service().verdict == verdict
