"""NUMA cells: how many a guest has, and which vCPUs and how much memory each of them."""

import re
from collections.abc import Mapping

from common import cpu_list, errors
from common.guest.guest import GuestCell
from common.guest.values import whole
from common.guest.wish import T, Wish

IMAGE_KEYS = ("hw_numa_nodes",)
FLAVOR_KEYS = ("hw:numa_nodes",)
FLAVOR_PATTERN = re.compile(r"hw:numa_(?:cpus|mem)\.[0-9]{1,3}")
IMAGE_PATTERN = re.compile(r"hw_numa_(?:cpus|mem)\.[0-9]{1,3}")

MOST = 128
"""Cells that a guest may have: as many as a host."""


def cells(wish: Wish, one: bool, page_kib: int) -> tuple[GuestCell, ...]:
    """Read the cells; ``one``: it has one if nothing else is said (dedicated CPUs and huge pages are of a cell).

    :raises BadRequest: a value is not valid, or they do not add up to the flavor's vCPUs and memory.
    """
    nodes = wish.once("hw:numa_nodes", "hw_numa_nodes", whole(1, MOST))
    _no_orphans(wish, nodes)
    if nodes is None:
        return (_cell(range(wish.vcpus), wish.memory_mib),) if one else ()
    if nodes > wish.vcpus:
        raise errors.BadRequest(
            f"hw:numa_nodes: {nodes} nodes are too many for {wish.vcpus} vcpus; each needs one at least"
        )
    cpus, memory = _cpus(wish, nodes), _memory(wish, nodes)
    if (cpus is None) != (memory is None):
        raise errors.BadRequest(
            "hw:numa_cpus.N and hw:numa_mem.N go together: set both for every node, or none of them"
        )
    made = _even(wish, nodes) if cpus is None or memory is None else tuple(map(_cell, cpus, memory))
    _in_pages(made, page_kib)
    return made


def _cell(vcpus: range | frozenset[int], memory_mib: int) -> GuestCell:
    return GuestCell(vcpus=tuple(sorted(vcpus)), memory_mib=memory_mib)


def _no_orphans(wish: Wish, nodes: int | None) -> None:
    """Refuse what is said of a node that the guest does not have."""
    for where, given, pattern in (("flavor", wish.specs, FLAVOR_PATTERN), ("image", wish.properties, IMAGE_PATTERN)):
        for key in filter(pattern.fullmatch, given):
            if nodes is None:
                raise errors.BadRequest(f"{where} property {key} needs hw:numa_nodes: say how many nodes there are")
            if int(key.rpartition(".")[2]) >= nodes:
                raise errors.BadRequest(f"{where} property {key}: hw:numa_nodes makes nodes 0 to {nodes - 1} only")


def _even(wish: Wish, nodes: int) -> tuple[GuestCell, ...]:
    """Deal vCPUs and memory out evenly."""
    each, memory = wish.vcpus // nodes, wish.memory_mib // nodes
    if each * nodes != wish.vcpus or memory * nodes != wish.memory_mib:
        raise errors.BadRequest(
            f"hw:numa_nodes: {wish.vcpus} vcpus and {wish.memory_mib} MiB cannot be divided evenly by {nodes} nodes; "
            f"set hw:numa_cpus.N and hw:numa_mem.N for every node"
        )
    return tuple(_cell(range(each * i, each * (i + 1)), memory) for i in range(nodes))


def _cpus(wish: Wish, nodes: int) -> list[frozenset[int]] | None:
    """Read the nodes' vCPUs: each of the flavor's once."""
    said = {i: wish.once(f"hw:numa_cpus.{i}", f"hw_numa_cpus.{i}", cpu_list.parse) for i in range(nodes)}
    lists = _all_or_none("numa_cpus", said)
    if lists is None:
        return None
    seen: set[int] = set()
    for i, cpus in enumerate(lists):
        strange = sorted(cpus - set(range(wish.vcpus))) or sorted(cpus & seen)
        if strange or not cpus:
            what = (
                f"vCPU {strange[0]} is beyond the flavor's {wish.vcpus} or in another node" if strange else "is empty"
            )
            raise errors.BadRequest(f"hw:numa_cpus.{i}: {what}; each of vCPUs 0-{wish.vcpus - 1} goes in one node")
        seen |= cpus
    if len(seen) != wish.vcpus:
        left = cpu_list.text(frozenset(range(wish.vcpus)) - seen)
        raise errors.BadRequest(f"hw:numa_cpus.N: vCPUs {left} are in no node; add them to one")
    return lists


def _memory(wish: Wish, nodes: int) -> list[int] | None:
    """Read the nodes' memory in MiB: together the flavor's."""
    parse = whole(1, 1 << 31)
    said = {i: wish.once(f"hw:numa_mem.{i}", f"hw_numa_mem.{i}", parse) for i in range(nodes)}
    amounts = _all_or_none("numa_mem", said)
    if amounts is not None and sum(amounts) != wish.memory_mib:
        raise errors.BadRequest(
            f"hw:numa_mem.N: the nodes have {sum(amounts)} MiB together, the flavor {wish.memory_mib}; make them equal"
        )
    return amounts


def _all_or_none(name: str, said: Mapping[int, T | None]) -> list[T] | None:
    present = [value for value in said.values() if value is not None]
    if present and len(present) < len(said):
        missing = next(i for i, value in said.items() if value is None)
        raise errors.BadRequest(f"hw:{name}.{missing} is missing: set it for every node, or for none")
    return present or None


def _in_pages(made: tuple[GuestCell, ...], page_kib: int) -> None:
    for i, cell in enumerate(made):
        if page_kib and cell.memory_mib * 1024 % page_kib:
            raise errors.BadRequest(
                f"hw:numa_mem.{i}: {cell.memory_mib} MiB are no multiple of pages of {page_kib} KiB (hw:mem_page_size)"
            )
