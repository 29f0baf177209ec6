"""Exchanges and queues on the broker: what is declared, with which arguments.

Reports of a host that nobody declared yet find no binding; the alternate exchange takes them to the first report queue.
"""

from typing import Any

from amqp.exceptions import PreconditionFailed
from kombu.entity import Exchange, Queue

from common import errors
from common.bus import names
from common.bus.contract import COMMANDS, DEAD, REPORTS
from common.settings import Bus as BusSettings

NEWCOMERS = "toft.new"

_COMMANDS = Exchange(COMMANDS, type="direct", durable=True)
_REPORTS = Exchange(REPORTS, type="topic", durable=True, arguments={"alternate-exchange": NEWCOMERS})
_NEWCOMERS = Exchange(NEWCOMERS, type="fanout", durable=True)
_DEAD = Exchange(DEAD, type="fanout", durable=True)


def declare(channel: Any, settings: BusSettings) -> None:
    """Declare all that does not belong to one host.

    :raises SettingsError: something is there already under other arguments.
    """
    try:
        for exchange in (_NEWCOMERS, _DEAD, _COMMANDS, _REPORTS):
            exchange(channel).declare()
        for name in names.report_queues(settings.report_queues):
            Queue(name, queue_arguments=_arguments(settings))(channel).declare()
        Queue(names.report_queues(1)[0], _NEWCOMERS)(channel).queue_bind()
        Queue(DEAD, _DEAD, queue_arguments=_dead_arguments(settings))(channel).declare()
    except PreconditionFailed as error:
        raise _contradiction(error) from error


def declare_host(channel: Any, settings: BusSettings, host: str) -> None:
    """Declare one host's command queue and bind its reports.

    :raises SettingsError: the queue is there already under other arguments.
    """
    arguments = _arguments(settings) | {"x-single-active-consumer": True}
    queue = names.command_queue(host)
    try:
        Queue(queue, _COMMANDS, routing_key=host, queue_arguments=arguments)(channel).declare()
    except PreconditionFailed as error:
        raise _contradiction(error) from error
    reports = names.report_queue(host, settings.report_queues)
    Queue(reports, _REPORTS, routing_key=names.report_key(host, "#"))(channel).queue_bind()


def _arguments(settings: BusSettings) -> dict[str, object]:
    arguments: dict[str, object] = {
        "x-queue-type": settings.queue_type,
        "x-max-length": settings.max_length,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD,
    }
    if settings.queue_type == "quorum":
        arguments |= {"x-delivery-limit": settings.delivery_limit, "x-dead-letter-strategy": "at-least-once"}
    return arguments


def _dead_arguments(settings: BusSettings) -> dict[str, object]:
    # the oldest dead letter makes room for the newest: their goals are derived again from the database anyway
    return {"x-queue-type": settings.queue_type, "x-max-length": settings.max_length, "x-overflow": "drop-head"}


def _contradiction(error: PreconditionFailed) -> errors.SettingsError:
    return errors.SettingsError(f"the broker has it with other arguments; change [bus] or delete it there: {error}")
