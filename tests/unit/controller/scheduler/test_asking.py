import zlib
from datetime import UTC, datetime

import pytest

from common.clock import ManualClock
from common.guest import Guest
from common.model.aggregate import Aggregate
from common.model.image import Image, ImageStatus
from common.model.server import Server
from common.model.server_group import ServerGroup
from common.states import Power, State
from controller.db import aggregates, groups, servers
from controller.db.images import IMAGES
from controller.scheduler import asking
from controller.scheduler.terms import GroupAsk, Together
from tests.services.clouds import add_host

AT = datetime(2026, 1, 1, tzinfo=UTC)
GUEST = Guest(vcpus=2, memory_mib=512, disk_gib=1)


def server(id_: str, **more) -> Server:
    fields = {
        "project_id": "p",
        "user_id": "u",
        "name": id_,
        "state": State.BUILD,
        "power": Power.ON,
        "generation": 1,
        "flavor_id": "f",
        "flavor_name": "small",
        "guest": GUEST,
        "image_id": "i",
        "created_at": AT,
        "updated_at": AT,
    }
    return Server(id=id_, **fields | more)


@pytest.fixture
def tx(store):
    with store.tx() as made:
        for host in ("h1", "h2"):
            add_host(made, ManualClock(), host)
        running = {"state": State.ACTIVE, "host_id": "h1"}
        servers.SERVERS.add(
            made,
            [
                server("on1", **running),
                server("on2", **running | {"host_id": "h2"}),
                server("gone", **running | {"state": State.DELETED}),
                server("early"),
                server("failed", state=State.ERROR),
            ],
        )
        yield made


def aggregate(tx, name: str, **metadata: str) -> None:
    aggregates.add(tx, Aggregate(id=name, number=0, name=name, created_at=AT, metadata=metadata))


def ask(tx, **more):
    (made,) = asking.asks(tx, [server("s", **more)])
    return made


def test_a_server_asks_for_its_guest(tx) -> None:
    made = ask(tx)
    assert (made.server, made.project, made.only, made.never, made.group) == ("s", "p", None, frozenset(), None)
    assert (made.demand.shared, made.demand.memory_mib, made.demand.aggregates) == (2, 512, ())
    assert made.seed == zlib.crc32(b"s"), "the same whenever it asks"


def test_servers_that_are_alike_make_one_demand(tx) -> None:
    aggregate(tx, "a", availability_zone="east")
    one, two, other, zoned = asking.asks(
        tx, [server("a"), server("b"), server("c", project_id="q"), server("d", zone="east")]
    )
    assert one.demand is two.demand
    assert one.demand is not other.demand
    assert (one.demand.aggregates, zoned.demand.aggregates) == ((), (frozenset({"a"}),))


def test_aggregates_that_look_at_images_see_them(tx) -> None:
    image = Image(
        id="i", project_id="p", name="w", status=ImageStatus.ACTIVE, created_at=AT, updated_at=AT,
        properties={"os_type": "windows"},
    )  # fmt: skip
    IMAGES.add(tx, [image])
    assert ask(tx).demand.outside == frozenset()
    aggregate(tx, "linux", os_type="linux")
    assert ask(tx).demand.outside == {"linux"}
    assert ask(tx, image_id="no image").demand.outside == frozenset()


@pytest.mark.parametrize(
    ("hints", "only", "never"),
    [
        ({"same_host": ["on1"]}, {"h1"}, ""),
        ({"same_host": ["on1", "on2"]}, {"h1", "h2"}, ""),
        ({"same_host": ["gone"]}, set(), ""),
        ({"same_host": ["failed"]}, set(), ""),
        ({"same_host": ["on1", "on2"], "host": "h2"}, {"h2"}, ""),
        ({"same_host": ["on1"], "host": "h2"}, set(), ""),
        ({"host": "h2"}, {"h2"}, ""),
        ({"different_host": ["on1", "gone"]}, None, "h1"),
    ],
)
def test_hints_name_hosts_by_their_servers(tx, hints, only, never) -> None:
    made = ask(tx, hints=hints)
    assert made.only == only
    assert made.never == ({never} if never else set())


def test_a_group_s_policy_is_asked_for_while_it_is_there(tx) -> None:
    group = ServerGroup(id="g", project_id="p", user_id="u", name="web", policy="anti-affinity", created_at=AT, limit=2)
    groups.add(tx, group)
    assert ask(tx, group_id="g").group == GroupAsk("g", Together.ANTI_AFFINITY, 2)
    assert ask(tx, group_id="deleted").group is None


@pytest.mark.parametrize(
    ("hints", "waits"),
    [
        ({}, False),
        ({"same_host": ["on1"]}, False),
        ({"same_host": ["on1", "early"]}, True),
        ({"different_host": ["early"]}, True),
        ({"different_host": ["failed", "gone"]}, False),
        ({"host": "h1"}, False),
    ],
)
def test_a_server_waits_for_neighbours_that_have_no_host_yet(tx, hints, waits) -> None:
    assert asking.waiting(tx, [server("s", hints=hints), server("t")]) == ({"s"} if waits else set())
