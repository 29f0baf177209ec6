"""The mirror: all hosts as the ledger shows them, as columns, and which of them changed lately."""

from collections.abc import Callable, Collection, Iterable

import numpy as np

from controller.scheduler import claims
from controller.scheduler.columns import Columns, Slots
from controller.scheduler.groups import Groups
from controller.scheduler.planes import Planes
from controller.scheduler.profiles import Profiles
from controller.scheduler.terms import Ask, HostView, Place

Change = Callable[[HostView, Ask, Place], HostView]

_LOG = 4096
"""Changes that are remembered at least."""


class Mirror:
    """Hosts in order of their ids; a host's number in it is its slot. ``layout`` grows when slots or rows do."""

    def __init__(self) -> None:
        self.layout = 0
        self.ids: list[str] = []
        self.slots: dict[str, int] = {}
        self.columns, self.planes, self.profiles, self.groups = Columns(), Planes(), Profiles(), Groups()
        self.profile: Slots = np.zeros(0, dtype=np.intp)
        self._views: dict[str, HostView] = {}
        self._changes: dict[str, list[tuple[Change, Ask, Place]]] = {}
        self._log: Slots = np.zeros(_LOG, dtype=np.intp)
        self._logged = self._forgotten = 0

    def load(self, views: Iterable[HostView]) -> None:
        """Add hosts, or replace them by what they are now."""
        fresh = {view.id: view for view in views}
        if not fresh.keys() <= self.slots.keys():
            self._arrange(self.slots.keys() | fresh.keys())
        for view in fresh.values():
            if self.columns.widen(view) | self.planes.widen(view):
                self.layout += 1
        for view in fresh.values():
            self._write(view)

    def forget(self, hosts: Collection[str]) -> None:
        """Drop hosts."""
        for host in self.slots.keys() & hosts:
            self.groups.drop(self.slots[host])
            self._views.pop(host)
            self._changes.pop(host, None)
        if not self.slots.keys().isdisjoint(hosts):
            self._arrange(self.slots.keys() - set(hosts))

    def commit(self, ask: Ask, place: Place) -> None:
        """Take a place for a server."""
        slot = self.slots[place.host]
        if ask.group:
            self.groups.join(ask.group.id, slot)
        self._change(slot, claims.applied, ask, place, 1)

    def release(self, ask: Ask, place: Place) -> None:
        """Give back a place that was committed."""
        slot = self.slots[place.host]
        if ask.group:
            self.groups.leave(ask.group.id, slot)
        self._change(slot, claims.released, ask, place, -1)

    def _change(self, slot: int, change: Change, ask: Ask, place: Place, servers: int) -> None:
        host = place.host
        self._changes.setdefault(host, []).append((change, ask, place))
        amounts = claims.whole(ask.demand, place, self._views[host])
        self.columns.take(slot, amounts.items(), len(place.devices), servers)
        if place.cells or place.devices:
            self.planes.rewrite(slot, self.view(host), place)
        self._note(slot)

    def view(self, host: str) -> HostView:
        """Give a host with all that was taken since it was loaded.

        :raises KeyError: there is no such host.
        """
        view = self._views[host]
        for change, ask, place in self._changes.pop(host, ()):
            view = change(view, ask, place)
        self._views[host] = view
        return view

    def name(self, host: str) -> str:
        """Give a host's name.

        :raises KeyError: there is no such host.
        """
        return self._views[host].name

    @property
    def now(self) -> int:
        """How many changes there were so far."""
        return self._logged

    def changed_since(self, then: int) -> Slots | None:
        """Give the hosts changed since so many changes were, some of them twice; None: too many to know."""
        return None if then < self._forgotten else self._log[then - self._forgotten : self._logged - self._forgotten]

    def _write(self, view: HostView) -> None:
        slot = self.slots[view.id]
        self._views[view.id] = view
        self._changes.pop(view.id, None)
        self.columns.write(slot, view)
        self.planes.write(slot, view)
        self.profile[slot] = self.profiles.number(view)
        self.groups.replace(slot, view.groups)
        self._note(slot)

    def _note(self, slot: int) -> None:
        """Remember that a host changed. A full log is begun anew: then classes look at all hosts again."""
        at = self._logged - self._forgotten
        if at == len(self._log):
            self._log = np.zeros(max(_LOG, len(self.ids)), dtype=np.intp)
            self._forgotten, at = self._logged, 0
        self._log[at] = slot
        self._logged += 1

    def _arrange(self, hosts: Collection[str]) -> None:
        """Give each of these hosts its slot; what was known of it moves there."""
        self.ids = sorted(hosts)
        order = np.array([self.slots.get(id_, -1) for id_ in self.ids], dtype=np.intp)
        moved = {old: new for new, old in enumerate(order.tolist())}
        self.slots = {id_: slot for slot, id_ in enumerate(self.ids)}
        self.columns.rearrange(order)
        self.planes.rearrange(order)
        self.profile = self.profile[order] if self.profile.size else np.zeros(order.size, dtype=np.intp)
        self.groups.move(moved)
        self.layout += 1
