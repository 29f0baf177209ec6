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
        there = self._members.setdefault(group, {})
        there[slot] = there.get(slot, 0) + 1
        self._here.setdefault(slot, set()).add(group)

    def replace(self, slot: int, counts: Mapping[str, int]) -> None:
        """Set what members a host has."""
        self.drop(slot)
        for group, count in counts.items():
            if count:
                self._members.setdefault(group, {})[slot] = count
                self._here.setdefault(slot, set()).add(group)

    def drop(self, slot: int) -> None:
        """Forget a host's members."""
        for group in self._here.pop(slot, ()):
            there = self._members[group]
            del there[slot]
            if not there:
                del self._members[group]

    def move(self, slots: Mapping[int, int]) -> None:
        """Renumber the slots."""
        self._here = {slots[slot]: groups for slot, groups in self._here.items()}
        self._members = {
            group: {slots[slot]: count for slot, count in there.items()} for group, there in self._members.items()
        }
