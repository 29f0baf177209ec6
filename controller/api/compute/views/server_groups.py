"""Server groups, as clients see them at 2.1."""

from collections.abc import Sequence
from typing import Any

from common.model.server_group import ServerGroup


def detail(group: ServerGroup, members: Sequence[str]) -> dict[str, Any]:
    """Show a group with its servers. Its rules are shown where it has any: none made at 2.1 has."""
    rules = {"rules": {"max_server_per_host": group.limit}} if group.limit > 1 else {}
    return {
        "id": group.id,
        "name": group.name,
        "policies": [group.policy],
        "members": list(members),
        "metadata": {},
    } | rules
