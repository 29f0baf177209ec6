import pytest

from common.guest import GuestCell
from tests.unit.common.guest.parsing import parsed, refusal

TWO = {"hw:numa_nodes": "2"}
BY_HAND = TWO | {"hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1-3", "hw:numa_mem.0": "128", "hw:numa_mem.1": "384"}


def test_vcpus_and_memory_are_dealt_out_evenly() -> None:
    halves = (GuestCell(vcpus=(0, 1), memory_mib=256), GuestCell(vcpus=(2, 3), memory_mib=256))
    assert parsed(TWO).cells == parsed({}, {"hw_numa_nodes": "2"}).cells == parsed(TWO, {"hw_numa_nodes": "2"}).cells
    assert parsed(TWO).cells == halves


def test_one_node_is_a_cell() -> None:
    assert parsed({"hw:numa_nodes": "1"}).cells == (GuestCell(vcpus=(0, 1, 2, 3), memory_mib=512),)


def test_nodes_are_made_by_hand_by_flavor_or_image() -> None:
    made = (GuestCell(vcpus=(0,), memory_mib=128), GuestCell(vcpus=(1, 2, 3), memory_mib=384))
    assert parsed(BY_HAND).cells == made
    assert parsed({}, {key.replace("hw:", "hw_"): text for key, text in BY_HAND.items()}).cells == made


def test_a_cell_keeps_its_dedicated_cpus() -> None:
    guest = parsed(BY_HAND | {"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "2-3"})
    assert [len(set(cell.vcpus) & set(guest.dedicated)) for cell in guest.cells] == [0, 2]


@pytest.mark.parametrize(
    ("says", "changes", "vcpus"),
    [
        ("hw:numa_nodes: 8 nodes are too many for 4 vcpus", {"hw:numa_nodes": "8"}, 4),
        ("hw:numa_nodes='0': must be a whole number", {"hw:numa_nodes": "0"}, 4),
        ("hw:numa_nodes='129': must be", {"hw:numa_nodes": "129"}, 256),
        ("cannot be divided evenly by 3 nodes", {"hw:numa_nodes": "3"}, 4),
        ("cannot be divided evenly by 3 nodes", {"hw:numa_nodes": "3"}, 3),
        ("hw:numa_cpus.0 needs hw:numa_nodes", {"hw:numa_cpus.0": "0-3"}, 4),
        ("hw:numa_mem.2: hw:numa_nodes makes nodes 0 to 1 only", TWO | {"hw:numa_mem.2": "1"}, 4),
        ("hw:numa_cpus.1 is missing", TWO | {"hw:numa_cpus.0": "0"}, 4),
        ("hw:numa_mem.0 is missing", TWO | {"hw:numa_mem.1": "1"}, 4),
        ("go together", TWO | {"hw:numa_mem.0": "128", "hw:numa_mem.1": "384"}, 4),
        ("go together", TWO | {"hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1-3"}, 4),
        ("hw:numa_cpus.1: vCPU 4 is beyond", BY_HAND | {"hw:numa_cpus.1": "1-4"}, 4),
        ("hw:numa_cpus.1: vCPU 0 is beyond the flavor's 4 or in another", BY_HAND | {"hw:numa_cpus.1": "0-3"}, 4),
        ("hw:numa_cpus.0: is empty", BY_HAND | {"hw:numa_cpus.0": "^0"}, 4),
        ("hw:numa_cpus.N: vCPUs 2-3 are in no node", BY_HAND | {"hw:numa_cpus.1": "1"}, 4),
        ("hw:numa_mem.N: the nodes have 640 MiB together, the flavor 512", BY_HAND | {"hw:numa_mem.0": "256"}, 4),
        ("hw:numa_mem.0='0': must be a whole number", BY_HAND | {"hw:numa_mem.0": "0"}, 4),
        ("hw:numa_cpus.0='a': must be a list of CPUs", BY_HAND | {"hw:numa_cpus.0": "a"}, 4),
    ],
)
def test_nodes_that_do_not_add_up_are_refused(says: str, changes: dict[str, str], vcpus: int) -> None:
    refusal(says, changes, vcpus=vcpus)


def test_an_image_may_not_divide_a_flavor_otherwise() -> None:
    refusal("hw_numa_nodes='4' contradicts", TWO, {"hw_numa_nodes": "4"})
    refusal("hw_numa_cpus.0='1' contradicts", BY_HAND, {"hw_numa_cpus.0": "1"})
    refusal("image property hw_numa_mem.7: hw:numa_nodes makes", TWO, {"hw_numa_mem.7": "1"})
