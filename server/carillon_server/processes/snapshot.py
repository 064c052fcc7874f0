"""The metrics of one process at one moment, as plain data that fits on a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client import Metric

Labels: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number."""

    name: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its samples."""

    name: str
    documentation: str
    kind: str
    samples: tuple[Sample, ...]


Snapshot: TypeAlias = tuple[Family, ...]


def take(metrics: Iterable[Metric]) -> Snapshot:
    """What the metrics say now. When a series began is left out: it has no sum."""
    return tuple(
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            tuple(
                Sample(found.name, tuple(sorted(found.labels.items())), found.value)
                for found in metric.samples
                if not found.name.endswith("_created")
            ),
        )
        for metric in metrics
    )


def write(snapshot: Snapshot) -> str:
    """As JSON without line breaks."""
    return json.dumps([_row(family) for family in snapshot])


def read(text: str | bytes) -> Snapshot:
    """What `write` wrote."""
    return tuple(
        Family(name, documentation, kind, tuple(_sample(*found) for found in samples))
        for name, documentation, kind, samples in json.loads(text)
    )


def _row(family: Family) -> list[object]:
    samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
    return [family.name, family.documentation, family.kind, samples]


def _sample(name: str, labels: list[list[str]], value: float) -> Sample:
    return Sample(name, tuple((key, text) for key, text in labels), value)
