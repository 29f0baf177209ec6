import pytest

from common.guest import RESERVED
from tests.unit.common.guest.parsing import parsed, refusal

OF_ANY_NAME = {"trait:", "resources:", "aggregate_instance_extra_specs:"}
"""Families: what stands behind the colon is judged by their own file."""


@pytest.mark.parametrize("prefix", RESERVED)
def test_an_unknown_name_that_asks_for_something_is_refused(prefix: str) -> None:
    key = f"{prefix}unheard_of"
    if prefix not in OF_ANY_NAME:
        refusal(f"flavor property {key} is not supported", {key: "1"})
    if prefix != "trait:":
        refusal(f"image property {key} is not supported", {}, {key: "1"})


@pytest.mark.parametrize(
    "key", ["resources1:VCPU", "resources_NET:CUSTOM_A", "trait_NET:CUSTOM_A", "group_policy", "trait_group_policy"]
)
def test_numbered_groups_are_refused(key: str) -> None:
    refusal(f"flavor property {key} is not supported", {key: "1"})


@pytest.mark.parametrize("key", ["hw:numa_cpus.x", "hw:numa_mem.", "hw:numa_mem.1000", "hw:numa_node.0"])
def test_a_node_s_key_has_its_number(key: str) -> None:
    refusal(f"flavor property {key} is not supported", {key: "1", "hw:numa_nodes": "1"})


def test_the_nearest_known_names_are_told() -> None:
    refusal("did you mean hw:cpu_policy", {"hw:cpu_polciy": "shared"})
    refusal("hw:xyzzy is not supported; known are: ", {"hw:xyzzy": "1"})


def test_what_asks_for_nothing_is_passed_over() -> None:
    assert parsed({"owner": "x", "catalog:size": "hw:"}) == parsed()
