"""Taking commands off the bus: acked only after they are in the journal."""

from collections.abc import Callable, Sequence

from common.bus.contract import Consumer


def take_in(consumer: Consumer, journalled: Callable[[Sequence[bytes]], Sequence[int]], timeout: float = 0.0) -> int:
    """Take what has come and ack it once it is kept; says how many commands that were.

    :param journalled: keeps them (``Session.take``) and gives the places of those that can never be understood.
    :param timeout: seconds to wait for a first command.
    :raises BusUnavailable: the broker is away; what was not acked comes again.
    """
    deliveries = consumer.receive(timeout=timeout)
    if not deliveries:
        return 0
    tags = [delivery.tag for delivery in deliveries]
    try:
        refused = set(journalled([delivery.body for delivery in deliveries]))
    except Exception:
        consumer.release(tags)
        raise
    consumer.ack([tag for place, tag in enumerate(tags) if place not in refused])
    if refused:
        consumer.reject([tag for place, tag in enumerate(tags) if place in refused])
    return len(deliveries)
