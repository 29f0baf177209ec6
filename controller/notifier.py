"""Notifications over oslo.messaging, imported only where they are on: it costs 15 MB and 0.6 s."""

import warnings
from collections.abc import Mapping
from typing import Any

from common import errors
from common.settings import Settings

VERSION = 2.0
"""Of the envelope: the message lies in it as a string of JSON."""


class OsloNotifier:
    """Publishes with confirms, in the caller's thread, and blocks for as long as the broker does.

    Not by the library's own ``Notifier``: that one logs what it could not send, and forgets it.
    """

    def __init__(self, chosen: Settings) -> None:
        wanted = chosen.notifications
        url = wanted.url or chosen.bus.url.replace("amqp", "rabbit", 1)
        if not url.startswith("rabbit://"):
            raise errors.SettingsError("notifications need a broker: set [notifications] url to rabbit://…")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it imports eventlet, which warns
                import oslo_messaging
        except ImportError as error:
            raise errors.SettingsError("notifications are on, and need: pip install 'toft[notifications]'") from error
        from oslo_config import cfg

        conf = cfg.ConfigOpts()  # its own: no setting of another library's in the process reaches it
        conf([], project="toft", default_config_files=[], default_config_dirs=[])
        self._targets = oslo_messaging.Target
        self._transport = oslo_messaging.get_notification_transport(conf, url=url)
        conf.set_override("rabbit_quorum_queue", True, group="oslo_messaging_rabbit")
        conf.set_override("amqp_durable_queues", True, group="oslo_messaging_rabbit")
        self._topic = wanted.topic

    def publish(self, message: Mapping[str, Any]) -> None:
        """Send one, to the topic of its priority; the broker has it when this returns.

        :raises BusUnavailable: the broker is away, or did not take it.
        """
        target = self._targets(topic=f"{self._topic}.{message['priority'].lower()}")
        try:
            self._transport._send_notification(target, {}, dict(message), version=VERSION, retry=0)
        except Exception as error:  # the library has no class of its own for all that can happen there
            raise errors.BusUnavailable(f"the notifications' broker is away: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self._transport.cleanup()
