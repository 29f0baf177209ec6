import pytest

from tests.unit.common.guest.parsing import parsed, refusal

POLICY, IMAGE, MASK = "hw:cpu_policy", "hw_cpu_policy", "hw:cpu_dedicated_mask"
THREADS, IMAGE_THREADS = "hw:cpu_thread_policy", "hw_cpu_thread_policy"


@pytest.mark.parametrize(
    ("flavor", "image", "policy"),
    [
        (None, None, "shared"),
        ("shared", None, "shared"),
        ("shared", "shared", "shared"),
        (None, "dedicated", "dedicated"),
        ("dedicated", None, "dedicated"),
        ("dedicated", "shared", "dedicated"),
        ("dedicated", "dedicated", "dedicated"),
    ],
)
def test_a_flavor_s_policy_stands_over_an_image_s(flavor: str | None, image: str | None, policy: str) -> None:
    guest = parsed({POLICY: flavor} if flavor else {}, {IMAGE: image} if image else {})
    assert guest.cpu_policy == policy
    assert guest.dedicated == ((0, 1, 2, 3) if policy == "dedicated" else ())
    assert [cell.vcpus for cell in guest.cells] == ([(0, 1, 2, 3)] if policy == "dedicated" else [])


def test_an_image_may_not_leave_what_its_flavor_shares() -> None:
    refusal("an image may not override its flavor", {POLICY: "shared"}, {IMAGE: "dedicated"})
    refusal("hw_cpu_policy='dedicated' contradicts", {POLICY: "mixed", MASK: "1"}, {IMAGE: "dedicated"})
    refusal("hw_cpu_policy='mixed': must be one of shared, dedicated", {}, {IMAGE: "mixed"})
    refusal("hw:cpu_policy='pinned': must be one of", {POLICY: "pinned"})


@pytest.mark.parametrize(
    ("mask", "dedicated"), [("2-3", (2, 3)), ("^0", (1, 2, 3)), (" ^0-1", (2, 3)), ("0,3", (0, 3))]
)
def test_a_mask_says_which_of_a_mixed_guest_s_vcpus_are_dedicated(mask: str, dedicated: tuple[int, ...]) -> None:
    guest = parsed({POLICY: "mixed", MASK: mask}, {IMAGE: "shared"})
    assert (guest.cpu_policy, guest.dedicated, len(guest.cells)) == ("mixed", dedicated, 1)


@pytest.mark.parametrize("mask", ["0-3", "4", "", "^0-3", "2-5"])
def test_a_mask_names_some_vcpus_of_the_flavor_s(mask: str) -> None:
    refusal("must name some of vCPUs 0-3, not all", {POLICY: "mixed", MASK: mask})


def test_a_mask_and_mixed_belong_together() -> None:
    refusal("needs hw:cpu_dedicated_mask", {POLICY: "mixed"})
    for policy in ({POLICY: "dedicated"}, {POLICY: "shared"}, {}):
        refusal("hw:cpu_dedicated_mask needs hw:cpu_policy='mixed'", {MASK: "1"} | policy)
    refusal("hw:cpu_dedicated_mask='two': must be a list of CPUs", {POLICY: "mixed", MASK: "two"})


@pytest.mark.parametrize(
    ("flavor", "image", "policy"),
    [
        (None, None, "prefer"),
        ("isolate", None, "isolate"),
        (None, "require", "require"),
        ("prefer", "isolate", "prefer"),
        ("require", "require", "require"),
    ],
)
def test_an_image_s_thread_policy_counts_where_the_flavor_is_silent(flavor, image, policy) -> None:
    specs = {POLICY: "dedicated"} | ({THREADS: flavor} if flavor else {})
    assert parsed(specs, {IMAGE_THREADS: image} if image else {}).threads_policy == policy


def test_a_thread_policy_is_refused_where_it_says_nothing_or_two_things() -> None:
    refusal("hw:cpu_thread_policy needs dedicated CPUs", {THREADS: "isolate"})
    refusal("hw_cpu_thread_policy needs dedicated CPUs", {}, {IMAGE_THREADS: "prefer"})
    refusal("may not override", {POLICY: "dedicated", THREADS: "isolate"}, {IMAGE_THREADS: "require"})
    refusal("hw:cpu_thread_policy='most': must be", {POLICY: "dedicated", THREADS: "most"})


def test_all_vcpus_counted_as_pcpu_are_dedicated() -> None:
    guest = parsed({"resources:PCPU": "4", "resources:VCPU": "0"})
    assert (guest.cpu_policy, guest.dedicated, guest.resources) == ("dedicated", (0, 1, 2, 3), ())
    assert parsed({"resources:VCPU": "4"}) == parsed({"resources:PCPU": "0"}) == parsed()


def test_cpus_are_counted_as_the_flavor_says() -> None:
    refusal("resources:PCPU='2': must be the flavor's 4 vcpus", {"resources:PCPU": "2"})
    refusal("resources:PCPU='4': must be", {"resources:PCPU": "4", "resources:VCPU": "4"})
    refusal("resources:VCPU='2': is what vcpus says", {"resources:VCPU": "2"})
    refusal("keep hw:cpu_policy", {"resources:PCPU": "4", POLICY: "dedicated"})
