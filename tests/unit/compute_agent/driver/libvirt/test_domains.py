import libvirt
import pytest

from common import errors
from compute_agent.driver.libvirt import domains, faults, host, networks
from compute_agent.driver.libvirt.storage.paths import Paths


def libvirt_error(code: int) -> libvirt.libvirtError:
    error = libvirt.libvirtError("it says no")
    error.err = (code, 0, "it says no", 2, "", "", "", 0, 0)
    return error


class Domain:
    """Raises what it is told to, once a call; notes the flags."""

    def __init__(self, *errors_of_calls: Exception | None, active: bool = False) -> None:
        self.plan, self.flags, self.active = list(errors_of_calls), [], active

    def _call(self, flags: int = 0) -> int:
        self.flags.append(flags)
        error = self.plan.pop(0) if self.plan else None
        if error:
            raise error
        return 0

    undefineFlags = createWithFlags = shutdownFlags = destroy = _call  # noqa: N815

    def isActive(self) -> bool:  # noqa: N802
        return self.active

    def state(self) -> list[int]:
        return [libvirt.VIR_DOMAIN_RUNNING if self.active else libvirt.VIR_DOMAIN_SHUTOFF, 0]


class Connection:
    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def lookupByUUIDString(self, server: str) -> Domain:  # noqa: N802
        return self._domain


INVALID, GONE = libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN


def test_undefine_drops_flags_that_the_library_lacks():
    domain = Domain(libvirt_error(libvirt.VIR_ERR_INVALID_ARG), libvirt_error(libvirt.VIR_ERR_NO_SUPPORT))
    domains.undefine_with(domain, domains.UNDEFINE)
    assert domain.flags == [sum(domains.UNDEFINE), sum(domains.UNDEFINE[:-1]), sum(domains.UNDEFINE[:-2])]


def test_undefine_of_what_went_meanwhile_is_fine():
    domains.undefine_with(Domain(libvirt_error(GONE)), domains.UNDEFINE)


def test_undefine_that_is_refused_is_said():
    with pytest.raises(errors.HypervisorError, match="undefine s: it says no"):
        domains.undefine(Connection(Domain(libvirt_error(INVALID))), "s")


@pytest.mark.parametrize("verb", [domains.destroy, domains.shutdown])
def test_one_that_stopped_meanwhile_is_fine(verb):
    class Stopping(Domain):
        def isActive(self) -> bool:  # noqa: N802
            return not self.flags

    verb(Connection(Stopping(libvirt_error(INVALID))), "s")


@pytest.mark.parametrize("verb", [domains.destroy, domains.shutdown])
def test_one_that_cannot_be_stopped_is_said(verb):
    with pytest.raises(errors.HypervisorError, match="it says no"):
        verb(Connection(Domain(libvirt_error(INVALID), active=True)), "s")


def test_one_that_started_meanwhile_is_fine():
    class Starting(Domain):
        def isActive(self) -> bool:  # noqa: N802
            return bool(self.flags)

    domains.start(Connection(Starting(libvirt_error(INVALID))), "s")


def test_one_that_cannot_start_is_said():
    with pytest.raises(errors.HypervisorError, match="start s: it says no"):
        domains.start(Connection(Domain(libvirt_error(INVALID))), "s")


def test_memory_as_the_guest_says_it_or_as_the_host_pays():
    assert domains._memory({"balloon.available": 100, "balloon.unused": 30, "balloon.rss": 500}) == 70
    assert domains._memory({"balloon.rss": 500}) == 500
    assert domains._memory({}) == 0


@pytest.mark.parametrize(("code", "kind"), [(GONE, errors.GoneOnHost), (INVALID, errors.HypervisorError)])
def test_errors_become_ours_with_their_cause(code, kind):
    with pytest.raises(kind, match="try it: it says no") as caught, faults.ours("try it"):
        raise libvirt_error(code)
    assert type(caught.value) is kind
    assert isinstance(caught.value.__cause__, libvirt.libvirtError)


def test_other_errors_of_lookups_are_kept():
    class Broken:
        def lookupByUUIDString(self, server: str) -> None:  # noqa: N802
            raise libvirt_error(INVALID)

        networkLookupByUUIDString = lookupByUUIDString  # noqa: N815

    for find in (domains.find, networks.find):
        with pytest.raises(libvirt.libvirtError):
            find(Broken(), "s")


def test_versions_are_written_with_dots():
    assert host.dotted(9000001) == "9.0.1"
    assert host.dotted(10_007_000) == "10.7.0"


def test_direct_io_is_tried(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("no O_DIRECT here")

    assert host.knows_direct_io(tmp_path) in (True, False)
    monkeypatch.setattr(host.os, "open", refuse)
    assert not host.knows_direct_io(tmp_path)
    assert Paths(tmp_path).cache == tmp_path / "cache"


class Listed:
    """A domain in a list, whose mark cannot be read."""

    def __init__(self, code: int) -> None:
        self.code = code

    def UUIDString(self) -> str:  # noqa: N802
        return "01900000-0000-7000-8000-000000000001"

    def metadata(self, kind: int, uri: str, flags: int) -> str:
        raise libvirt_error(self.code)


class Lists:
    def __init__(self, *found: Listed) -> None:
        self.found = found

    def listAllDomains(self) -> tuple[Listed, ...]:  # noqa: N802
        return self.found


def test_one_undefined_since_the_list_was_made_is_left_out():
    listing = domains.listing(Lists(Listed(GONE), Listed(libvirt.VIR_ERR_NO_DOMAIN_METADATA)))
    assert listing.present == ()
    assert listing.strangers == (Listed(0).UUIDString(),)


def test_a_list_that_breaks_is_an_error():
    class Broken(Listed):
        def UUIDString(self) -> str:  # noqa: N802
            return "s"

        def metadata(self, kind: int, uri: str, flags: int) -> str:
            return f"<server xmlns='{domains.METADATA_NS}' id='s' generation='1'/>"

        def state(self) -> list[int]:
            raise libvirt_error(INVALID)

    with pytest.raises(errors.HypervisorError, match="it says no"):
        domains.listing(Lists(Broken(0)))
