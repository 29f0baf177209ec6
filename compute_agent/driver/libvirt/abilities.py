"""What goals may ask of this host: what our XML carries, as far as the host can do it."""

from common.guest import features
from compute_agent.domain_xml.host import HostFacts
from compute_agent.resources import probe


def abilities(facts: HostFacts) -> frozenset[str]:
    """Give the features for the hello."""
    kinds = {f"arch:{facts.arch}", f"virt:{facts.virt_type}", f"network:{facts.networks}"}
    able = {
        features.CPU_PINNING: any(cell.dedicated for cell in facts.cells),
        features.NUMA: bool(facts.cells),
        features.PAGES: bool(facts.cells) and probe.is_mounted("hugetlbfs"),
        features.LOCKED_MEMORY: probe.locks_memory(),
    }
    machines = {f"machine:{name}" for name in facts.machines}
    return frozenset({"console", "config-drive", *kinds, *machines, *(name for name, can in able.items() if can)})
