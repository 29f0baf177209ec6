"""Gauges that Prometheus reads: an HTTP endpoint of its own, with a registry of its own.

Imported only where ``[metrics] port`` is set: a process that nobody watches does not pay for it.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from common import errors
from common.gauges import OTHER, Look, Metric, Reading

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper edges of the histograms' buckets, in seconds."""


Family = GaugeMetricFamily | CounterMetricFamily
_FAMILIES: dict[str, type[Family]] = {"gauge": GaugeMetricFamily, "total": CounterMetricFamily}


class Prometheus:
    """Counters, times and gauges in a registry; ``serve`` lets Prometheus read it.

    :param metrics: all that there are. A counter without labels shows 0 before it was first told of.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.registry = CollectorRegistry()
        metrics = tuple(metrics)
        self._counters = {m: self._counter(m) for m in metrics if m.kind == "counter"}
        self._times = {m: self._histogram(m) for m in metrics if m.kind == "times"}
        self._seen: dict[Metric, set[tuple[str, ...]]] = {m: set() for m in metrics}
        self._lock = threading.Lock()

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.says, metric.labels, registry=self.registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.says, metric.labels, registry=self.registry, buckets=BUCKETS)

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        counter = self._counters[metric]
        (counter.labels(*self._bounded(metric, labels)) if labels else counter).inc(by)

    def took(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Note how long something took."""
        times = self._times[metric]
        (times.labels(*self._bounded(metric, labels)) if labels else times).observe(seconds)

    def _bounded(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Give the labels, or, where there are too many different ones already, ``other`` for each."""
        seen = self._seen[metric]
        if labels in seen:
            return labels
        with self._lock:
            if len(seen) >= metric.limit:
                return (OTHER,) * len(labels)
            seen.add(labels)
        return labels

    def watch(self, looks: Sequence[Look]) -> None:
        """Ask these at each reading."""
        self.registry.register(_Looks(looks))

    def serve(self, listen: str, port: int) -> "Endpoint":
        """Answer ``GET /metrics`` on an address.

        :raises Conflict: something else listens there, or there is no such address here.
        """
        try:
            server, thread = start_http_server(port, listen, self.registry)
        except OSError as error:
            raise errors.Conflict(f"[metrics] {listen}:{port} cannot be listened on ({error.strerror})") from error
        return Endpoint(server, thread)


class Endpoint:
    """The running endpoint."""

    def __init__(self, server: object, thread: threading.Thread) -> None:
        self._server, self._thread = server, thread

    def close(self) -> None:
        """Stop to answer."""
        self._server.shutdown()  # type: ignore[attr-defined]
        self._server.server_close()  # type: ignore[attr-defined]
        self._thread.join()


class _Looks(Collector):
    """What gauges show at the moment of the reading. Readings of one metric stand together, as the format wants it."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = looks

    def collect(self) -> Iterator[Family]:
        """Give each gauge with its readings, at most as many as its limit."""
        families: dict[Metric, list[Reading]] = {}
        for look in self._looks:
            for reading in look():
                families.setdefault(reading.metric, []).append(reading)
        for metric, readings in families.items():
            family = _FAMILIES[metric.kind](metric.name, metric.says, labels=metric.labels)
            for reading in readings[: metric.limit]:
                family.add_metric(list(reading.labels), reading.value)
            yield family

    def describe(self) -> list[Family]:
        """Say nothing before the first reading: a look may need a database that is away at the start."""
        return []
