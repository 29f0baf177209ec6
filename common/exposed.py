"""The gauges of a process: Prometheus' own where the settings name a port, else ones that nobody sees."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from common import settings
from common.gauges import UNSEEN, Gauges, Look, Metric

if TYPE_CHECKING:
    from common import prometheus


class Exposed:
    """What a service tells its gauges to, and the endpoint they are read from."""

    def __init__(self, chosen: settings.Metrics, metrics: Iterable[Metric]) -> None:
        self._chosen = chosen
        self._prometheus: prometheus.Prometheus | None = None
        self._endpoint: prometheus.Endpoint | None = None
        if chosen.port:
            from common.prometheus import Prometheus  # 1 MB that an unwatched process does without

            self._prometheus = Prometheus(metrics)

    @property
    def gauges(self) -> Gauges:
        """Give what to tell."""
        return self._prometheus or UNSEEN

    def start(self, *looks: Look) -> None:
        """Begin to answer, if anybody is to read.

        :raises Conflict: the address cannot be listened on.
        """
        if self._prometheus is not None:
            self._prometheus.watch(looks)
            self._endpoint = self._prometheus.serve(self._chosen.listen, self._chosen.port)

    def stop(self) -> None:
        """Stop to answer."""
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
