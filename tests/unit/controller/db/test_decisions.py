"""Decisions come back as they were kept."""

from common.clock import ManualClock
from common.model.decision import DecisionRecord, Fallen, NearMiss
from controller.db import decisions
from controller.db.engine import Store

CLOCK = ManualClock()
BARE = DecisionRecord(id="1", server_id="s", at=CLOCK.now(), host_id="h", reason="best fit", hosts=3)
FULL = DecisionRecord(
    id="2",
    server_id="s",
    at=CLOCK.now(),
    host_id=None,
    reason="No valid host",
    hosts=3,
    fallen=(Fallen(filter="memory", hosts=3, reasons={"h": "lacks memory"}),),
    near=(NearMiss(host="h", missing=("lacks memory",)),),
    scores={"h": 0.5},
    never=True,
)


def test_decisions_come_back_in_order_and_whole(store: Store) -> None:
    other = DecisionRecord(id="0", server_id="another", at=CLOCK.now(), host_id=None, reason="", hosts=0)
    with store.tx() as tx:
        decisions.keep(tx, [FULL, other, BARE])
        decisions.keep(tx, [])
    with store.read() as tx:
        assert decisions.of_server(tx, "s") == [BARE, FULL]
        assert decisions.of_server(tx, "nobody") == []
