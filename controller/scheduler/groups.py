"""Where the members of server groups are: by group the slots of hosts, and how many are on each."""

from collections.abc import Mapping


class Groups:
    """Members by group and slot."""

    def __init__(self) -> None:
        self._members: dict[str, dict[int, int]] = {}
        self._here: dict[int, set[str]] = {}

    def members(self, group: str) -> Mapping[int, int]:
        """Give the slots that have members of a group, and how many each."""
        return self._members.get(group, {})

    def join(self, group: str, slot: int) -> None:
        """Count one more member."""
        self._set(group, slot, self.members(group).get(slot, 0) + 1)

    def leave(self, group: str, slot: int) -> None:
        """Count one less."""
        self._set(group, slot, self.members(group).get(slot, 0) - 1)

    def replace(self, slot: int, counts: Mapping[str, int]) -> None:
        """Set what members a host has."""
        self.drop(slot)
        for group, count in counts.items():
            self._set(group, slot, count)

    def drop(self, slot: int) -> None:
        """Forget a host's members."""
        for group in list(self._here.get(slot, ())):
            self._set(group, slot, 0)

    def move(self, slots: Mapping[int, int]) -> None:
        """Renumber the slots."""
        self._here = {slots[slot]: groups for slot, groups in self._here.items()}
        self._members = {
            group: {slots[slot]: count for slot, count in there.items()} for group, there in self._members.items()
        }

    def _set(self, group: str, slot: int, count: int) -> None:
        there, here = self._members.setdefault(group, {}), self._here.setdefault(slot, set())
        there.pop(slot, None)
        here.discard(group)
        if count > 0:
            there[slot] = count
            here.add(group)
        if not there:
            del self._members[group]
        if not here:
            del self._here[slot]
