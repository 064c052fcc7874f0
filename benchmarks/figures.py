"""The figures: what is measured, against which limit, and what we aim at."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import grpc

from benchmarks.baselines import commit_seconds, copy_rows_per_second
from benchmarks.figure import Figure
from benchmarks.load import WARM_UP, Rate, measure
from benchmarks.noop_server import METHOD as NOOP
from benchmarks.noop_server import STREAM as NOOP_STREAM
from benchmarks.rounds import Side, compare
from benchmarks.service import Service
from benchmarks.usage import cpu_seconds
from carillon import AsyncClient
from carillon.v1 import catalog_service_pb2 as catalog_pb
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import preference_service_pb2 as preferences_pb
from carillon.v1 import recipient_service_pb2 as recipients_pb
from carillon.v1 import types_pb2

_PEOPLE = 1_000
_IN_FLIGHT = 64
_CALLS = 2_000
_BATCH = 500
_LARGEST_BATCH = 1_000
_BATCHED = 12_000
_SERVICE = "/carillon.v1.NotificationService"
_STREAMED = 5_000
_TYPE = "invoice.paid"
_numbers = itertools.count()
Supply: TypeAlias = Callable[[], Iterator[bytes]]


async def prepare(service: Service) -> None:
    """People with an e-mail address; a tenth of them with preferences."""
    async with AsyncClient(service.target, token=service.producer) as producer:
        for number in range(_PEOPLE):
            address = f"person-{number}@example.com"
            endpoint = recipients_pb.Endpoint(channel=types_pb2.CHANNEL_EMAIL, address=address)
            recipient = recipients_pb.Recipient(recipient_id=f"person-{number}")
            await producer.upsert_recipient(recipient=recipient, endpoints=[endpoint])
        await _define_type(producer)
    async with AsyncClient(service.target, token=service.gateway) as gateway:
        rule = preferences_pb.PreferenceRule(type="other.type", channel=types_pb2.CHANNEL_EMAIL)
        wanted = preferences_pb.Preferences(rules=[rule])
        for number in range(0, _PEOPLE, 10):
            await gateway.update_preferences(recipient_id=f"person-{number}", preferences=wanted)


async def unary(service: Service) -> list[Figure]:
    """Send and List against a call that does nothing, on the same settings."""
    page = pb.ListRequest(recipient_id="person-1", page_size=20).SerializeToString()

    async def listed() -> float:
        method, token = f"{_SERVICE}/List", service.gateway
        pages = itertools.repeat(page)
        rate = await measure(
            service.target, method, lambda: pages, calls=_CALLS, in_flight=_IN_FLIGHT, token=token
        )
        return rate.calls_per_second

    async def nothing() -> float:
        return (await _noop(service, calls=_CALLS, in_flight=_IN_FLIGHT)).calls_per_second

    async def sent(requests: Supply) -> float:
        return (await _send(service, requests, calls=_CALLS, in_flight=_IN_FLIGHT)).calls_per_second

    ready, typed = functools.partial(sent, _sends), functools.partial(sent, _typed_sends)
    server, noop_server = service.server_pids

    async def nothing_cost() -> float:
        return await _cost(noop_server, nothing)

    async def send_cost() -> float:
        return await _cost(server, ready)

    async def list_cost() -> float:
        return await _cost(server, listed)

    return [
        await compare("Send, unary, 64 in flight / no-op RPC", ready, nothing, "calls/s", "≥ 0.6"),
        await compare("List of 20, 64 in flight / no-op RPC", listed, nothing, "calls/s", "≥ 0.45"),
        await compare("Send from templates (in-app, mail) / ready content", typed, ready, "calls/s", ""),
        await compare("Send / no-op RPC: time of the server", send_cost, nothing_cost, "µs", ""),
        await compare("List / no-op RPC: time of the server", list_cost, nothing_cost, "µs", ""),
    ]


async def _cost(server: int, run: Side) -> float:
    """Microseconds a call, warming up included."""
    before = cpu_seconds([server])
    await run()
    return (cpu_seconds([server]) - before) / (_CALLS + WARM_UP) * 1e6


async def lone_sender(service: Service) -> list[Figure]:
    """One sender alone waits for a commit, not for a batch to fill."""

    async def limit() -> float:
        commit = await commit_seconds(service.database_url)
        return (2 * commit + (await _noop(service, calls=100, in_flight=1)).p50_seconds) * 1e3

    async def ours() -> float:
        return (await _send(service, _sends, calls=200, in_flight=1)).p50_seconds * 1e3

    return [await compare("Send, one sender: p50 / (2 commits + no-op)", ours, limit, "ms", "≤ 1")]


async def bulk(service: Service) -> list[Figure]:
    """SendBatch and SendStream against COPY of all rows that exist by then into the same tables."""
    batched = functools.partial(measure_batches, service, in_flight=4)
    largest = functools.partial(measure_batches, service, in_flight=4, size=_LARGEST_BATCH)
    streamed = functools.partial(_measure_stream, service.target, f"{_SERVICE}/SendStream", service.producer)
    bare = functools.partial(_measure_stream, service.noop_target, NOOP_STREAM, "")
    copied = functools.partial(copy_rows_per_second, service.database_url)
    await batched()  # so that there is something to copy
    return [
        await compare("SendBatch of 500, 4 in flight / COPY", batched, copied, "rows/s", "≥ 0.35"),
        await compare("SendBatch of 1,000, 4 in flight / COPY", largest, copied, "rows/s", "≥ 0.35"),
        await compare("SendStream, one stream / COPY", streamed, copied, "rows/s", "≥ 0.35"),
        await compare("SendStream, one stream / no-op stream", streamed, bare, "rows/s", ""),
    ]


async def _measure_stream(target: str, method: str, token: str) -> float:
    """Messages a second, each with its answer, over one stream."""
    items = [pb.SendStreamRequest(request=_request()).SerializeToString() for _ in range(_STREAMED)]
    metadata = [("authorization", f"Bearer {token}")] if token else []
    async with grpc.aio.insecure_channel(target) as channel:
        call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
        started = time.perf_counter()
        answers = [answer async for answer in call(iter(items), metadata=metadata)]
        return len(answers) / (time.perf_counter() - started)


async def measure_batches(service: Service, *, in_flight: int, size: int = _BATCH) -> float:
    """Notifications a second by SendBatch."""
    calls = _BATCHED // size
    batches = [_batch(size) for _ in range(calls + in_flight)]
    rate = await measure(
        service.target,
        f"{_SERVICE}/SendBatch",
        lambda: batches,
        calls=calls,
        in_flight=in_flight,
        warm_up=in_flight,
        token=service.producer,
    )
    return rate.calls_per_second * size


async def _noop(service: Service, *, calls: int, in_flight: int) -> Rate:
    nothing = functools.partial(itertools.repeat, b"")
    return await measure(service.noop_target, NOOP, nothing, calls=calls, in_flight=in_flight)


async def _send(service: Service, requests: Supply, *, calls: int, in_flight: int) -> Rate:
    method, token = f"{_SERVICE}/Send", service.producer
    return await measure(service.target, method, requests, calls=calls, in_flight=in_flight, token=token)


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


def _typed_sends() -> Iterator[bytes]:
    while True:
        request = _request()
        request.type = _TYPE
        request.ClearField("content")
        request.data.update({"number": request.request_id, "amount": "12.50"})
        yield request.SerializeToString()


async def _define_type(producer: AsyncClient) -> None:
    kind = catalog_pb.NotificationType(name=_TYPE)
    texts = {name: {"type": "string"} for name in ("number", "amount")}
    kind.data_schema.update({"type": "object", "properties": texts, "required": [*texts]})
    kind.sample_data.update({"number": "2026-17", "amount": "12.50"})
    await producer.put_type(type=kind)
    title, body = "Invoice {{ number }} is paid", "We have received {{ amount }} francs. Thank you."
    for template in (
        catalog_pb.Template(in_app=catalog_pb.InAppTemplate(title=title, body=body, action_url="/invoices")),
        catalog_pb.Template(email=catalog_pb.EmailTemplate(subject=title, markdown=body)),
    ):
        template.type, template.locale = _TYPE, "en"
        await producer.put_template(template=template)


def _batch(size: int) -> bytes:
    return pb.SendBatchRequest(requests=[_request() for _ in range(size)]).SerializeToString()
