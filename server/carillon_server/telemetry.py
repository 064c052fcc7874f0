"""Logs and metrics: ids, codes and durations, never content.

Every log record has a stable dotted `event`; the id of the request that caused it travels in a context
variable.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_FAST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

rpc_seconds = Histogram(
    "carillon_rpc_seconds",
    "Time of unary calls by method and code.",
    ["method", "code"],
    buckets=_FAST_SECONDS,
)
calls_limit = Gauge("carillon_calls_limit", "Unary calls that are let in at once, as found out.")
calls_under_way = Gauge("carillon_calls_under_way", "Unary calls that were let in and have not ended.")
calls_waiting = Gauge("carillon_calls_waiting", "Unary calls that wait to be let in.")
calls_refused = Counter(
    "carillon_calls_refused_total",
    "Unary calls refused for overload, by cause (full, waited) and by whether their tenant had its share of "
    "those under way (at_share, below_share).",
    ["cause", "share"],
)
streams_started = Counter("carillon_streams_started_total", "Streaming calls taken, by method.", ["method"])
errors_unexpected = Counter("carillon_errors_unexpected_total", "Faults of the service itself.", ["where"])

commit_seconds = Histogram(
    "carillon_commit_seconds", "Time of one write transaction of the group writer.", buckets=_FAST_SECONDS
)
batch_notifications = Histogram(
    "carillon_batch_notifications",
    "Notifications in one write transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
)
writer_queue = Gauge("carillon_writer_queue", "Notifications that wait to be written.")
writer_held = Gauge("carillon_writer_held", "Sends that wait for an inbox which somebody keeps locked.")
broadcast_recipients = Counter(
    "carillon_broadcast_recipients_total",
    "Recipients that broadcasts came to, by outcome: notified, failed, left_out.",
    ["outcome"],
)
broadcast_chunk_seconds = Histogram(
    "carillon_broadcast_chunk_seconds",
    "Time of one chunk of a broadcast.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
broadcast_faults = Counter(
    "carillon_broadcast_faults_total",
    "Faults of the service that broadcasts met; each is tried again some times.",
)
broadcasts_ended = Counter(
    "carillon_broadcasts_ended_total",
    "Broadcasts that workers ended, by state: completed, failed.",
    ["state"],
)
sends = Counter("carillon_sends_total", "Sends by result: sent, replayed, refused, failed.", ["result"])

streams_open = Gauge("carillon_streams_open", "Subscribe streams of this process.")
stream_messages = Counter("carillon_stream_messages_total", "Messages written to streams, of every kind.")
stream_lag_seconds = Histogram(
    "carillon_stream_lag_seconds",
    "From a commit until its event is written to a stream.",
    buckets=_FAST_SECONDS,
)
stream_catch_ups = Counter(
    "carillon_stream_catch_ups_total", "Times a live stream had to read from Postgres."
)
stream_resets = Counter("carillon_stream_resets_total", "Streams that had to start afresh.", ["cause"])
slow_readers = Counter("carillon_slow_readers_total", "Streams ended because their reader took nothing.")
hints_published = Counter("carillon_hints_published_total", "Hints sent to other processes.")
hints_received = Counter("carillon_hints_received_total", "Hints of other processes taken in.")
hints_rejected = Counter(
    "carillon_hints_rejected_total", "Messages on our channels that our keys do not open."
)
hints_dropped = Counter(
    "carillon_hints_dropped_total", "Hints not sent: Redis away, or the queue full.", ["reason"]
)
hints_missed = Counter(
    "carillon_hints_missed_total", "Inboxes with streams that the poller found ahead of their hints."
)

renders = Counter(
    "carillon_renders_total", "Render jobs by result: rendered, or the problem of a template.", ["result"]
)
render_seconds = Histogram(
    "carillon_render_seconds", "Time of one call to the renderer, waiting included.", buckets=_FAST_SECONDS
)
render_restarts = Counter(
    "carillon_render_restarts_total",
    "Render processes that were ended because a template broke a limit, by problem.",
    ["problem"],
)


def configure_logging(level: str, *, json_lines: bool | None = None, process: int | None = None) -> None:
    """Sends records to standard error: JSON lines, or coloured text on a terminal.

    `process` is put on each: the number of this one among several.
    """
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    renderer = _render_json if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            _add_request_id,
            *([] if process is None else [_add_process(process)]),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def metrics_server(address: str, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Serves the metrics for Prometheus on `host:port` while the context is open."""
    host, _, port = address.rpartition(":")
    server, thread = start_http_server(int(port), host.strip("[]"), registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get_logger() -> FilteringBoundLogger:
    """The logger of the service."""
    return cast(FilteringBoundLogger, structlog.get_logger())


# Kept, because there is a record of every call, and making an encoder for each costs more than its use.
_encode_json = json.JSONEncoder(default=repr).encode


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _encode_json(event)


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = _request_id.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def _add_process(number: int) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", number)
        return event

    return add


def current_request_id() -> str:
    """The id of the request that is being worked on; empty outside of one."""
    return _request_id.get()


def bind_request_id(offered: str) -> str:
    """Takes the caller's id if it is well-formed, else makes one; holds for this task and those it starts."""
    request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
    _request_id.set(request_id)
    return request_id
