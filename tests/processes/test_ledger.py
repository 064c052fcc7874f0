"""The metrics of several processes as one page: sums that never go back, and what belongs to each."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric

from carillon_server.processes import snapshot
from carillon_server.processes.ledger import Ledger
from carillon_server.processes.snapshot import Snapshot


class Process:
    """What one process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("calls_total", "Calls by code.", ["code"], registry=self.registry)
        self.seconds = Histogram("seconds", "Time of a call.", buckets=(1, 5), registry=self.registry)
        self.queue = Gauge("queue", "What waits.", registry=self.registry)
        self.cpu = Counter("process_cpu_seconds_total", "Processor time.", registry=self.registry)

    @property
    def snapshot(self) -> Snapshot:
        """As it comes over the line."""
        return snapshot.read(snapshot.write(snapshot.take(self.registry.collect())))


def values(metrics: Iterable[Metric]) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_counters_and_histograms_are_summed_by_label() -> None:
    one, two = Process(), Process()
    one.calls.labels("OK").inc(3)
    two.calls.labels("OK").inc(4)
    two.calls.labels("NOT_FOUND").inc()
    one.seconds.observe(0.5)
    two.seconds.observe(3)
    found = values(Ledger().total([(1, one.snapshot), (2, two.snapshot)]))
    assert (found["calls_total['OK']"], found["calls_total['NOT_FOUND']"]) == (7, 1)
    assert [found[f"seconds_bucket['{limit}']"] for limit in ("1.0", "5.0", "+Inf")] == [1, 2, 2]
    assert (found["seconds_sum[]"], found["seconds_count[]"]) == (3.5, 2)


def test_gauges_and_what_is_of_a_process_come_once_for_each() -> None:
    one, two = Process(), Process()
    one.queue.set(5)
    two.queue.set(7)
    one.cpu.inc(2)
    found = values(Ledger().total([(1, one.snapshot), (2, two.snapshot)]))
    assert (found["queue['1']"], found["queue['2']"]) == (5, 7)
    assert (found["process_cpu_seconds_total['1']"], found["process_cpu_seconds_total['2']"]) == (2, 0)


def test_what_an_ended_process_counted_stays_and_its_gauges_go() -> None:
    ledger, ended, new = Ledger(), Process(), Process()
    ended.calls.labels("OK").inc(3)
    ended.queue.set(5)
    ended.cpu.inc(2)
    ledger.close(1, ended.snapshot)
    assert "queue['1']" not in values(ledger.total([]))
    new.calls.labels("OK").inc(1)
    found = values(ledger.total([(1, new.snapshot)]))
    assert (found["calls_total['OK']"], found["process_cpu_seconds_total['1']"]) == (4, 2)
    assert found["queue['1']"] == 0


def test_two_in_one_place_count_together() -> None:
    old, new = Process(), Process()
    old.queue.set(5)
    new.queue.set(7)
    assert values(Ledger().total([(1, old.snapshot), (1, new.snapshot)]))["queue['1']"] == 12


def test_types_and_meanings_are_kept() -> None:
    found = {metric.name: metric for metric in Ledger().total([(1, Process().snapshot)])}
    assert {name: metric.type for name, metric in found.items()} == {
        "calls": "counter",
        "seconds": "histogram",
        "queue": "gauge",
        "process_cpu_seconds": "counter",
    }
    assert found["queue"].documentation == "What waits."
