"""The figures: what is measured, against which limit, and what we aim at."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from benchmarks.baselines import commit_seconds, copy_rows_per_second
from benchmarks.load import Rate, measure
from benchmarks.noop_server import METHOD as NOOP
from benchmarks.service import Service
from carillon import AsyncClient
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import preference_service_pb2 as preferences_pb
from carillon.v1 import recipient_service_pb2 as recipients_pb
from carillon.v1 import types_pb2

_PEOPLE = 1_000
_IN_FLIGHT = 64
_CALLS = 6_000
_BATCH = 500
_BATCHES = 40
_SERVICE = "/carillon.v1.NotificationService"
_numbers = itertools.count()


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    ours: float
    limit: float
    unit: str
    ratio: float
    target: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def prepare(service: Service) -> None:
    """People with an e-mail address; a tenth of them with preferences."""
    async with AsyncClient(service.target, token=service.producer) as producer:
        for number in range(_PEOPLE):
            address = f"person-{number}@example.com"
            endpoint = recipients_pb.Endpoint(channel=types_pb2.CHANNEL_EMAIL, address=address)
            recipient = recipients_pb.Recipient(recipient_id=f"person-{number}")
            await producer.upsert_recipient(recipient=recipient, endpoints=[endpoint])
    async with AsyncClient(service.target, token=service.gateway) as gateway:
        rule = preferences_pb.PreferenceRule(type="other.type", channel=types_pb2.CHANNEL_EMAIL)
        wanted = preferences_pb.Preferences(rules=[rule])
        for number in range(0, _PEOPLE, 10):
            await gateway.update_preferences(recipient_id=f"person-{number}", preferences=wanted)


async def unary(service: Service) -> list[Figure]:
    """Send and List against a call that does nothing, on the same settings."""
    page = pb.ListRequest(recipient_id="person-1", page_size=20).SerializeToString()
    noop = await _noop(service, calls=_CALLS, in_flight=_IN_FLIGHT)
    send = await _send(service, calls=_CALLS, in_flight=_IN_FLIGHT)
    listed = await measure(
        service.target,
        f"{_SERVICE}/List",
        lambda: itertools.repeat(page),
        calls=_CALLS,
        in_flight=_IN_FLIGHT,
        token=service.gateway,
    )
    return [
        _rate("Send, unary, 64 in flight / no-op RPC", send, noop, "≥ 0.6"),
        _rate("List of 20, 64 in flight / no-op RPC", listed, noop, "≥ 0.45"),
    ]


async def lone_sender(service: Service) -> list[Figure]:
    """One sender alone waits for a commit, not for a batch to fill."""
    commit = await commit_seconds(service.database_url)
    noop = await _noop(service, calls=500, in_flight=1)
    send = await _send(service, calls=500, in_flight=1)
    ours, limit = send.p50_seconds, 2 * commit + noop.p50_seconds
    name = "Send, one sender: p50 / (2 commits + no-op)"
    return [Figure(name, ours * 1e3, limit * 1e3, "ms", ours / limit, "≤ 1")]


async def bulk(service: Service) -> list[Figure]:
    """SendBatch against COPY of all rows that exist by then into the same tables."""
    ours = await measure_batches(service, in_flight=4)
    copied = await copy_rows_per_second(service.database_url)
    return [Figure("SendBatch of 500, 4 in flight / COPY", ours, copied, "rows/s", ours / copied, "≥ 0.35")]


async def measure_batches(service: Service, *, in_flight: int) -> float:
    """Notifications a second by SendBatch of 500."""
    rate = await measure(
        service.target,
        f"{_SERVICE}/SendBatch",
        _batches,
        calls=_BATCHES,
        in_flight=in_flight,
        warm_up=4,
        token=service.producer,
    )
    return rate.calls_per_second * _BATCH


async def _noop(service: Service, *, calls: int, in_flight: int) -> Rate:
    nothing = functools.partial(itertools.repeat, b"")
    return await measure(service.noop_target, NOOP, nothing, calls=calls, in_flight=in_flight)


async def _send(service: Service, *, calls: int, in_flight: int) -> Rate:
    method, token = f"{_SERVICE}/Send", service.producer
    return await measure(service.target, method, _sends, calls=calls, in_flight=in_flight, token=token)


def _rate(name: str, ours: Rate, limit: Rate, target: str) -> Figure:
    ratio = ours.calls_per_second / limit.calls_per_second
    return Figure(name, ours.calls_per_second, limit.calls_per_second, "calls/s", ratio, target)


def _request() -> pb.SendRequest:
    number = next(_numbers)
    return pb.SendRequest(
        request_id=f"bench-{number}",
        recipient_ids=[f"person-{number * 7919 % _PEOPLE}"],
        type="scan.completed",
        category="scans",
        content=types_pb2.Content(
            title=f"Scan {number} has finished",
            body="Twelve findings, two of them new. The report is ready for you.",
            action_url=f"/scans/{number}",
            icon="check-circle",
        ),
        labels={"project": "atlas"},
    )


def _sends() -> Iterator[bytes]:
    while True:
        yield _request().SerializeToString()


def _batches() -> Iterator[bytes]:
    while True:
        yield pb.SendBatchRequest(requests=[_request() for _ in range(_BATCH)]).SerializeToString()
