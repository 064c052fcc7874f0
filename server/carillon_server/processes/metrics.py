"""What the supervisor itself measures."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()
"""Apart from the metrics that every process has."""

ready = Gauge("carillon_processes_ready", "Server processes that take calls.", registry=REGISTRY)
wanted = Gauge("carillon_processes_wanted", "Server processes that there should be.", registry=REGISTRY)
restarts = Counter(
    "carillon_process_restarts_total", "Server processes that ended and were replaced.", registry=REGISTRY
)
