"""What Prometheus reads, read by its own parser over HTTP."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from common import errors, settings
from common.exposed import Exposed
from common.gauges import UNSEEN, Metric, Reading
from tests.services.ports import free_ports

MADE = Metric("toft_made", "counter", "Things made.")
ASKED = Metric("toft_asked", "counter", "Questions.", ("who",), limit=2)
SPENT = Metric("toft_spent_seconds", "times", "Time.", ("what",))
ROWS = Metric("toft_rows", "gauge", "Rows.", ("table",), limit=3)
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def exposed(port: int) -> Iterator[Exposed]:
    made = Exposed(settings.Metrics(port=port), (MADE, ASKED, SPENT, ROWS))
    yield made
    made.stop()


def read(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}


def test_counters_and_times_are_read(exposed: Exposed, port: int) -> None:
    exposed.start()
    exposed.gauges.count(MADE, by=3)
    exposed.gauges.count(ASKED, "me")
    exposed.gauges.took(SPENT, 0.02, "work")
    exposed.gauges.took(SPENT, 7.0, "work")
    found = read(port)
    assert found["toft_made_total", ()] == 3
    assert found["toft_asked_total", ("me",)] == 1
    assert found["toft_spent_seconds_count", ("work",)] == 2
    assert found["toft_spent_seconds_sum", ("work",)] == pytest.approx(7.02)
    assert found["toft_spent_seconds_bucket", ("0.025", "work")] == 1


def test_times_without_labels_are_kept(port: int) -> None:
    plain = Metric("toft_plain_seconds", "times", "Time.")
    exposed = Exposed(settings.Metrics(port=port), (plain,))
    exposed.start()
    exposed.gauges.took(plain, 1.0)
    assert read(port)["toft_plain_seconds_count", ()] == 1
    exposed.stop()


def test_too_many_labels_count_together(exposed: Exposed, port: int) -> None:
    exposed.start()
    for who in ("a", "b", "c", "d", "a"):
        exposed.gauges.count(ASKED, who)
    counted = {labels: value for (name, labels), value in read(port).items() if name == "toft_asked_total"}
    assert counted == {("a",): 2, ("b",): 1, ("other",): 2}


def test_looks_are_asked_at_each_reading_and_bounded(exposed: Exposed, port: int) -> None:
    rows = {"outbox": 5.0}
    exposed.start(
        lambda: [Reading(ROWS, value, (table,)) for table, value in rows.items()],
        lambda: [Reading(ROWS, 1.0, ("else",))],
    )
    assert read(port)["toft_rows", ("outbox",)] == 5
    rows |= {"outbox": 6.0, "a": 1.0, "b": 2.0}
    found = read(port)
    assert found["toft_rows", ("outbox",)] == 6
    assert len([name for name, _ in found if name == "toft_rows"]) == 3


def test_a_stopped_one_answers_nobody(exposed: Exposed, port: int) -> None:
    exposed.start()
    exposed.stop()
    with pytest.raises(urllib.error.URLError):
        read(port)
    exposed.stop()


def test_without_a_port_there_is_none() -> None:
    exposed = Exposed(settings.Metrics(), (MADE,))
    exposed.start()
    assert exposed.gauges is UNSEEN
    exposed.stop()


def test_an_address_in_use_is_told(exposed: Exposed, port: int) -> None:
    exposed.start()
    second = Exposed(settings.Metrics(port=port), (MADE,))
    with pytest.raises(errors.Conflict, match=f"127.0.0.1:{port} cannot be listened on"):
        second.start()
