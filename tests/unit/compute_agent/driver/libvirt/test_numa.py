import pytest

from common import errors
from common.settings import Compute, Settings
from compute_agent.domain_xml import caps
from compute_agent.driver.libvirt import numa


def cell(number: int, *cpus: caps.CellCpu, memory: int = 1024 * 1024, **pages: int) -> caps.Cell:
    sizes = tuple(caps.Pages(size=int(size.removeprefix("k")), count=count) for size, count in pages.items())
    return caps.Cell(id=number, memory=memory, pages=sizes, cpus=cpus)


def threads(socket: int, *cpus: int) -> list[caps.CellCpu]:
    """Give the hardware threads of one core."""
    return [caps.CellCpu(id=cpu, socket=socket, siblings=",".join(map(str, cpus))) for cpu in cpus]


HOST = caps.Host(
    cells=(
        cell(0, *threads(0, 0, 4), *threads(0, 1, 5), k4=131072, k2048=128, k1048576=0),
        cell(1, *threads(1, 2, 6), caps.CellCpu(id=3), memory=2097151),
    )
)


def cells(dedicated: str, host: caps.Host = HOST):
    return numa.cells(host, Settings(compute=Compute(dedicated_cpus=dedicated)))


def test_cells_tell_sockets_and_cores() -> None:
    first, second = cells("")
    assert (first.id, first.socket, first.siblings) == (0, 0, ((0, 4), (1, 5)))
    assert (second.id, second.socket, second.siblings) == (1, 1, ((2, 6), (3,)))
    assert first.dedicated == second.dedicated == ()


def test_huge_pages_are_no_ordinary_memory() -> None:
    first, second = cells("")
    assert (first.memory_mib, first.pages) == (1024 - 256, {"2048": 128})
    assert (second.memory_mib, second.pages) == (2047, {})
    assert numa.huge_pages((first, first, second)) == {"2048": 256}
    assert numa.huge_mib((first, first, second)) == 512


def test_a_cell_that_is_all_huge_pages_has_no_other_memory() -> None:
    (only,) = cells("", caps.Host(cells=(cell(0, memory=100, k2048=1),)))
    assert only.memory_mib == 0


def test_dedicated_cpus_are_of_their_cells() -> None:
    assert [c.dedicated for c in cells("4-6")] == [(4, 5), (6,)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1-8", "names CPU 7-8; this host has 0-6"),
        ("two", "dedicated_cpus must be .* 'two' is none"),
        ("6-1", "upwards"),
    ],
)
def test_dedicated_cpus_that_are_not_there_are_refused(text: str, why: str) -> None:
    with pytest.raises(errors.SettingsError, match=why):
        cells(text)


def test_a_host_that_tells_no_cells_can_dedicate_nothing() -> None:
    assert cells("", caps.Host()) == ()
    with pytest.raises(errors.SettingsError, match="this host has none"):
        cells("0", caps.Host())
