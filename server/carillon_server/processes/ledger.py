"""The metrics of all processes as one: what Prometheus sees of a port.

Counters and histograms are summed, and what a process had counted when it ended stays in the sum, so that
they never go back. Gauges, and what is about a process itself (memory, processor time), come once for each
process, with a label `process`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from carillon_server.processes.snapshot import Family, Labels, Sample, Snapshot

PROCESS_LABEL = "process"

_GROWING = frozenset(("counter", "histogram", "summary"))
_OF_A_PROCESS = ("process_", "python_")


class Ledger:
    """Keeps what ended processes had counted, and adds up."""

    def __init__(self) -> None:
        self._ended = _Sum()

    def close(self, number: int, last: Snapshot) -> None:
        """Keeps what a process had counted when it ended; once for each. Its gauges are gone with it."""
        for family in last:
            if family.kind in _GROWING:
                self._ended.add(_told_apart(family, number))

    def total(self, living: Iterable[tuple[int, Snapshot]]) -> Iterator[Metric]:
        """Those that live, by their numbers, and all that ended."""
        everything = _Sum()
        for family in self._ended.families():
            everything.add(family)
        for number, snapshot in living:
            for family in snapshot:
                everything.add(_told_apart(family, number))
        return map(_metric, everything.families())


class _Sum:
    """Samples of the same name and labels, added up, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._first: dict[str, Family] = {}
        self._values: dict[str, dict[tuple[str, Labels], float]] = {}

    def add(self, family: Family) -> None:
        self._first.setdefault(family.name, family)
        values = self._values.setdefault(family.name, {})
        for sample in family.samples:
            key = sample.name, sample.labels
            values[key] = values.get(key, 0.0) + sample.value

    def families(self) -> Iterator[Family]:
        for name, first in self._first.items():
            samples = (Sample(*key, value) for key, value in self._values[name].items())
            yield Family(name, first.documentation, first.kind, tuple(samples))


def _told_apart(family: Family, number: int) -> Family:
    if family.kind in _GROWING and not family.name.startswith(_OF_A_PROCESS):
        return family
    label = (PROCESS_LABEL, str(number))
    samples = (Sample(found.name, (*found.labels, label), found.value) for found in family.samples)
    return Family(family.name, family.documentation, family.kind, tuple(samples))


def _metric(family: Family) -> Metric:
    metric = Metric(family.name, family.documentation, family.kind)
    for sample in family.samples:
        metric.add_sample(sample.name, dict(sample.labels), sample.value)
    return metric
