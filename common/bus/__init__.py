"""The bus: one contract, in memory or over RabbitMQ."""

from common import errors
from common.bus.contract import Bus
from common.settings import Bus as BusSettings


def open_bus(settings: BusSettings) -> Bus:
    """Give the bus that the URL names. Nothing is connected yet.

    :raises SettingsError: the URL names none, the queue type is not known, or a number is not at least one.
    """
    for name in ("report_queues", "delivery_limit", "max_length", "heartbeat"):
        if getattr(settings, name) < 1:
            raise errors.SettingsError(f"[bus] {name} must be 1 or more")
    if settings.url.startswith("memory://"):
        from common.bus.memory import MemoryBus

        return MemoryBus(
            report_queues=settings.report_queues,
            delivery_limit=settings.delivery_limit,
            max_length=settings.max_length,
        )
    if not settings.url.startswith(("amqp://", "amqps://")):
        raise errors.SettingsError("[bus] url must begin with memory://, amqp:// or amqps://")
    if settings.queue_type not in ("quorum", "classic"):
        raise errors.SettingsError(f"[bus] queue_type is {settings.queue_type}; it must be quorum or classic")
    from common.bus.amqp import AmqpBus  # kombu costs 15 MB and 0.1 s; an embedded bus does without

    return AmqpBus(settings)
