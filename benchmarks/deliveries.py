"""One worker against the bare library of its channel, both into the same sink; and how soon it begins."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from email.message import EmailMessage

import asyncpg

from benchmarks.figure import Figure
from benchmarks.service import Service
from carillon import AsyncClient
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import types_pb2

_PEOPLE = 1_000
_COUNT = 6_000
_BATCH = 500
_IN_FLIGHT = 50
_LONE_SENDS = 200
_TITLE = "Your scan has finished"
_BODY = "Twelve findings, two of them new. The report is ready for you."
_numbers = itertools.count()


async def mails(service: Service) -> list[Figure]:
    """Mails a second over kept connections."""
    bare = await _bare(service, "smtp", service.sink.smtp_port)
    ready = await _bare(service, "smtp-ready", service.sink.smtp_port)
    ours = await _worker_rate(service, types_pb2.CHANNEL_EMAIL)
    return [
        _rate("Mails, one worker / aiosmtplib and EmailMessage", ours, bare, "≥ 0.6"),
        _rate("Mails, one worker / aiosmtplib, mail written before", ours, ready, ""),
    ]


async def webhooks(service: Service) -> list[Figure]:
    """Webhooks a second over kept connections."""
    await _prepare_webhooks(service)
    bare = await _bare(service, "http", service.sink.http_port)
    ours = await _worker_rate(service, types_pb2.CHANNEL_WEBHOOK)
    return [_rate("Webhooks, one worker / httpx2", ours, bare, "≥ 0.6")]


async def first_call(service: Service) -> list[Figure]:
    """From the answer of a Send to the provider's first byte, by a worker that has nothing else to do."""
    waits = []
    await _forget_deliveries(service)
    async with AsyncClient(service.target, token=service.producer) as client:
        with service.worker():
            await client.send_batch(requests=[_request(types_pb2.CHANNEL_EMAIL)])
            await service.sink.wait_for(1)
            for _ in range(_LONE_SENDS):
                await client.send_batch(requests=[_request(types_pb2.CHANNEL_EMAIL)])
                sent = time.monotonic()
                (taken,) = await service.sink.wait_for(1)
                waits.append((taken - sent) * 1e3)
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    return [Figure("Send answered → mail taken, idle worker: p99", p99, 250, "ms", p99 / 250, "≤ 1")]


async def _worker_rate(service: Service, channel: types_pb2.Channel.ValueType) -> float:
    """The worker starts when everything is due, so nothing but delivering is measured."""
    await _forget_deliveries(service)
    async with AsyncClient(service.target, token=service.producer, timeout_seconds=60) as client:
        for _ in range(_COUNT // _BATCH):
            await client.send_batch(requests=[_request(channel) for _ in range(_BATCH)])
    with service.worker():
        return _per_second(await service.sink.wait_for(_COUNT))


async def _forget_deliveries(service: Service) -> None:
    """What was sent before is not to be delivered now."""
    connection = await asyncpg.connect(service.database_url)
    await connection.execute("TRUNCATE delivery, attempt")
    await connection.close()
    await service.sink.report()


async def _bare(service: Service, kind: str, port: int) -> float:
    await service.sink.report()
    command = [sys.executable, "-m", "benchmarks.bare_sender", kind, str(port), str(_COUNT), str(_IN_FLIGHT)]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    await process.communicate(_example(kind))
    if process.returncode:
        raise RuntimeError(f"the bare sender failed with {process.returncode}")
    return _per_second(await service.sink.wait_for(_COUNT))


async def _prepare_webhooks(service: Service) -> None:
    secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    async with AsyncClient(service.target, token=service.producer) as client:
        await client.put_provider(
            provider={
                "name": "hooks",
                "kind": "webhook",
                "channel": "WEBHOOK",
                # A fifth is kept for what is urgent; so many are left as the bare library gets.
                "max_concurrency": _IN_FLIGHT * 5 // 4 + 1,
                "settings": {"signing_secrets": [secret]},
            }
        )
        for number in range(_PEOPLE):
            url = f"http://127.0.0.1:{service.sink.http_port}/person-{number}"
            await client.put_endpoint(
                recipient_id=f"person-{number}", endpoint={"channel": "WEBHOOK", "address": url}
            )


def _request(channel: types_pb2.Channel.ValueType) -> pb.SendRequest:
    number = next(_numbers)
    url = f"https://example.com/scans/{number}"
    return pb.SendRequest(
        recipient_ids=[f"person-{number % _PEOPLE}"],
        type="scan.completed",
        channels=[channel],
        content=types_pb2.Content(title=_TITLE, body=_BODY, action_url=url),
    )


def _example(kind: str) -> bytes:
    """About what a worker sends."""
    if kind == "http":
        return json.dumps({"type": "scan.completed", "data": {"title": _TITLE, "body": _BODY}}).encode()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "carillon@example.com", "person-1@example.com", _TITLE
    mail.set_content(_BODY)
    mail.add_alternative(f"<h1>{_TITLE}</h1><p>{_BODY}</p>" * 8, subtype="html")
    return mail.as_bytes()


def _per_second(taken: list[float]) -> float:
    taken.sort()
    return (len(taken) - 1) / (taken[-1] - taken[0])


def _rate(name: str, ours: float, limit: float, target: str) -> Figure:
    return Figure(name, ours, limit, "/s", ours / limit, target)
