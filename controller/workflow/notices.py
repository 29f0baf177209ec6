"""Notices: steps tell the world outside what they did, in the transaction in which they did it."""

from collections.abc import Iterable, Sequence

import msgspec

from common.model.host import Host
from common.model.notification import Notification
from common.model.server import Server
from controller.db import aggregates, hosts, networks, notifications, ports
from controller.db.engine import Tx
from controller.workflow import payloads
from controller.workflow.payloads import Payload
from controller.workflow.saga import Saga
from controller.workflow.world import World


def tell(tx: Tx, world: World, event_type: str, servers: Iterable[Server], sagas: Sequence[Saga] = ()) -> None:
    """Write a notification of each of these servers, as they are now; nothing where notifications are off.

    :param event_type: as Nova has it: ``instance.create.start``.
    :param sagas: the workflows that do it, for the ids of the requests behind them.
    """
    told = list(servers)
    if not world.settings.notifications.enabled or not told:
        return
    homes, zoned = hosts.get(tx, [s.host_id for s in told if s.host_id]), aggregates.zones(tx)
    owned = ports.of_servers(tx, [s.id for s in told])
    nets = networks.get(tx, sorted({port.network_id for some in owned.values() for port in some}))
    asked = {saga.subject: saga.request_id for saga in sagas}
    write = payloads.created_instance if event_type.startswith("instance.create.") else payloads.instance
    rows = []
    for server in told:
        host = homes[server.host_id] if server.host_id else None
        home = payloads.Home(host, aggregates.zone_of(zoned, host.id) if host else server.zone)
        payload = write(server, home, owned.get(server.id, ()), nets, asked.get(server.id) or server.request_id)
        rows.append(_row(world, event_type, host, payload))
    notifications.add(tx, rows)


def tell_of_hosts(tx: Tx, world: World, told: Iterable[Host]) -> None:
    """Write a notification of each of these hosts' agents, as they are now."""
    if world.settings.notifications.enabled:
        zoned = aggregates.zones(tx)
        about = [(host, payloads.service(host, aggregates.zone_of(zoned, host.id))) for host in told]
        notifications.add(tx, [_row(world, "service.update", host, payload) for host, payload in about])


def _row(world: World, event_type: str, host: Host | None, payload: Payload) -> Notification:
    body = {
        "publisher_id": f"nova-compute:{host.name}" if host else f"nova-api:{world.me.partition('/')[0]}",
        "priority": "ERROR" if event_type.endswith(".error") else "INFO",
        "payload": payload,
    }
    now = world.clock.now()
    text = msgspec.json.encode(body).decode()
    return Notification(id=world.ids(), event_type=event_type, body=text, created_at=now, retry_at=now)
