from pathlib import Path

from compute_agent.domain_xml.caps import Arch, Capabilities, DomainCapabilities, Guest, Machine

READ = Path(__file__).parents[3] / "data" / "xml" / "read"
CAPS = Capabilities.from_xml((READ / "capabilities.xml").read_text())


def test_machines_are_the_newest_versions_behind_their_aliases() -> None:
    assert CAPS.machines("x86_64") == {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
    assert CAPS.machines("s390x") == {}


def test_the_hosts_cells_and_cpu_are_read() -> None:
    assert CAPS.host is not None
    assert (CAPS.host.arch, CAPS.host.cpu_vendor) == ("x86_64", "AMD")
    cell = CAPS.host.cells[0]
    assert (cell.id, cell.memory, [cpu.id for cpu in cell.cpus]) == (0, 6383820, [0, 1])
    assert [(cpu.socket, cpu.siblings) for cpu in cell.cpus] == [(0, "0"), (0, "1")]
    assert {pages.size: pages.count for pages in cell.pages} == {4: 1595955, 2048: 0, 1048576: 0}


def test_containers_are_not_machines() -> None:
    lxc = Capabilities(guests=(Guest(os_type="exe", arch=Arch(name="x86_64")), Guest(os_type="hvm")))
    assert lxc.arch("x86_64") is None


def test_a_machine_without_an_alias_is_not_offered_as_one() -> None:
    caps = Capabilities(guests=(Guest(os_type="hvm", arch=Arch(name="x86_64", machines=(Machine(name="isapc"),))),))
    assert caps.machines("x86_64") == {}


def test_cpu_modes() -> None:
    caps = DomainCapabilities.from_xml((READ / "domain_capabilities.xml").read_text())
    assert caps.supports_cpu("maximum")
    assert not caps.supports_cpu("host-passthrough")
    assert not caps.supports_cpu("crystal-ball")
    assert caps.max_vcpus == 288
