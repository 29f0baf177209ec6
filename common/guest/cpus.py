"""CPUs: which vCPUs share the host's, and which have one for themselves."""

from typing import NamedTuple

from common import cpu_list, errors
from common.guest.values import one_of, whole
from common.guest.wish import Wish, refused

IMAGE_KEYS = ("hw_cpu_policy", "hw_cpu_thread_policy")
FLAVOR_KEYS = (
    *("hw:cpu_policy", "hw:cpu_thread_policy", "hw:cpu_dedicated_mask"),
    *("resources:PCPU", "resources:VCPU"),
)

SHARED, DEDICATED, MIXED = "shared", "dedicated", "mixed"


class Cpus(NamedTuple):
    """What a guest's vCPUs are to run on: see ``Guest``."""

    cpu_policy: str = SHARED
    dedicated: tuple[int, ...] = ()
    threads_policy: str = "prefer"


def cpus(wish: Wish) -> Cpus:
    """Read the policies of CPUs and threads.

    :raises BadRequest: one is not valid, or they contradict each other, the flavor's vCPUs or its image.
    """
    policy = _policy(wish)
    dedicated = _dedicated(wish, policy)
    return Cpus(policy, tuple(sorted(dedicated)), _threads(wish, policy))


def _policy(wish: Wish) -> str:
    """Choose the policy: dedicated by the flavor holds whatever the image says; sharing may not be left by an image."""
    flavor = wish.flavor("hw:cpu_policy", one_of(SHARED, DEDICATED, MIXED))
    image = wish.image("hw_cpu_policy", one_of(SHARED, DEDICATED))
    counted = _counted(wish)
    if flavor and counted:
        raise errors.BadRequest(
            "flavor properties resources:PCPU and hw:cpu_policy both choose CPUs; keep hw:cpu_policy"
        )
    if flavor in (SHARED, MIXED) and image == DEDICATED:
        raise wish.forbidden("hw_cpu_policy", "hw:cpu_policy")
    return flavor or counted or image or SHARED


def _counted(wish: Wish) -> str | None:
    """Read the other way of asking for dedicated CPUs: all of them counted as PCPU."""
    own = wish.flavor("resources:PCPU", whole(0, 1 << 31))
    shared = wish.flavor("resources:VCPU", whole(0, 1 << 31))
    if own and (own != wish.vcpus or shared):
        raise refused(
            *("flavor", "resources:PCPU", str(own)),
            f"must be the flavor's {wish.vcpus} vcpus, and resources:VCPU 0; to mix, set hw:cpu_policy=mixed",
        )
    if not own and shared not in (None, wish.vcpus):
        raise refused(
            *("flavor", "resources:VCPU", str(shared)),
            f"is what vcpus says ({wish.vcpus}); leave it out, or make a flavor with other vcpus",
        )
    return DEDICATED if own else None


def _dedicated(wish: Wish, policy: str) -> frozenset[int]:
    """Choose the vCPUs that have a CPU of their own."""
    everyone = frozenset(range(wish.vcpus))
    mask = wish.flavor("hw:cpu_dedicated_mask", lambda text: _mask(text, wish.vcpus))
    if policy == MIXED and mask is None:
        raise errors.BadRequest(
            "flavor property hw:cpu_policy='mixed' needs hw:cpu_dedicated_mask: "
            "say which vCPUs are dedicated, such as 2-3"
        )
    if policy != MIXED and mask is not None:
        raise errors.BadRequest(
            "flavor property hw:cpu_dedicated_mask needs hw:cpu_policy='mixed': set it, or leave the mask out"
        )
    return mask if mask is not None else everyone if policy == DEDICATED else frozenset()


def _mask(text: str, vcpus: int) -> frozenset[int]:
    """Read a mask of vCPUs; one that begins with ``^`` takes out of all."""
    everyone = frozenset(range(vcpus))
    chosen = cpu_list.parse(f"0-{vcpus - 1},{text}" if text.lstrip().startswith("^") else text)
    if not chosen < everyone or not chosen:
        raise ValueError(f"must name some of vCPUs 0-{vcpus - 1}, not all; for all of them set hw:cpu_policy=dedicated")
    return chosen


def _threads(wish: Wish, policy: str) -> str:
    """Choose the threads' policy: an image may set it where the flavor is silent, not change it."""
    parse = one_of("prefer", "isolate", "require")
    flavor, image = wish.flavor("hw:cpu_thread_policy", parse), wish.image("hw_cpu_thread_policy", parse)
    if policy == SHARED and (flavor or image):
        key = "flavor property hw:cpu_thread_policy" if flavor else "image property hw_cpu_thread_policy"
        raise errors.BadRequest(f"{key} needs dedicated CPUs: set hw:cpu_policy to dedicated or mixed, or leave it out")
    if flavor in ("isolate", "require") and image not in (None, flavor):
        raise wish.forbidden("hw_cpu_thread_policy", "hw:cpu_thread_policy")
    return flavor or image or "prefer"
