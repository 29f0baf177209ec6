"""Gauges that remember what they were told."""

from collections import defaultdict

from common.gauges import Metric

Named = tuple[Metric, tuple[str, ...]]


class Told:
    """Counters and times by metric and labels."""

    def __init__(self) -> None:
        self.counts: dict[Named, float] = defaultdict(float)
        self.times: dict[Named, list[float]] = defaultdict(list)

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        assert metric.kind == "counter"
        assert len(labels) == len(metric.labels)
        self.counts[metric, labels] += by

    def took(self, metric: Metric, seconds: float, *labels: str) -> None:
        assert metric.kind == "times"
        assert len(labels) == len(metric.labels)
        self.times[metric, labels].append(seconds)
