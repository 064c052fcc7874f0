"""A broadcast, and what it does to the single sends beside it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.figure import Figure
from benchmarks.figures import measure_batches
from benchmarks.service import Service
from carillon import AsyncClient
from carillon.types import Content, TopicMember

_PEOPLE = int(os.environ.get("CARILLON_BENCH_AUDIENCE", "20000"))
_TOPIC = "everybody"
_MEMBERS_AT_ONCE = 1_000
_SENDS_PER_SECOND = 50
_ALONE_SECONDS = 10.0
_WARM_UP_SECONDS = 2.0
_LONGEST_SECONDS = 600.0
_CONTENT: Content = {"title": "It snows", "body": "The lifts open at eight."}


async def broadcasts(service: Service) -> list[Figure]:
    """People a second, and the p99 of sends at a steady rate, beside it and alone."""
    async with AsyncClient(service.target, token=service.producer) as producer:
        await _gather_audience(producer)
        with service.worker():
            await _send_for(producer, _WARM_UP_SECONDS)
            alone = await _send_for(producer, _ALONE_SECONDS)
            people_per_second, beside = await _broadcast(producer)
            again = await _send_for(producer, _ALONE_SECONDS)
    batched = await measure_batches(service, in_flight=1)
    # Other programs use the machine too: before and after are both alone.
    limit = (_p99(alone) + _p99(again)) / 2
    return [
        Figure(
            f"Broadcast to {_PEOPLE:,} / SendBatch of 500, 1 in flight",
            people_per_second,
            batched,
            "people/s",
            people_per_second / batched,
            "≥ 0.3",
        ),
        Figure(
            "Send beside a broadcast: p99 / alone",
            _p99(beside) * 1e3,
            limit * 1e3,
            "ms",
            _p99(beside) / limit,
            "≤ 2",
        ),
    ]


async def _gather_audience(producer: AsyncClient) -> None:
    await producer.put_topic(topic={"name": _TOPIC})
    for start in range(0, _PEOPLE, _MEMBERS_AT_ONCE):
        numbers = range(start, min(start + _MEMBERS_AT_ONCE, _PEOPLE))
        members: list[TopicMember] = [{"recipient_id": f"listener-{number:06}"} for number in numbers]
        await producer.add_topic_members(topic=_TOPIC, members=members)


async def _broadcast(producer: AsyncClient) -> tuple[float, list[float]]:
    sent = await producer.send(type="news.published", content=_CONTENT, topic=_TOPIC)
    sender = _Sender(producer)
    sending = asyncio.create_task(sender.run(lambda: True))
    deadline = time.monotonic() + _LONGEST_SECONDS
    broadcast = (await producer.get_broadcast(id=sent.broadcast_id)).broadcast
    while not broadcast.HasField("finish_time"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the broadcast came to {broadcast.processed_count:,} only")
        await asyncio.sleep(0.1)
        broadcast = (await producer.get_broadcast(id=sent.broadcast_id)).broadcast
    sending.cancel()
    await asyncio.wait([sending])
    seconds = broadcast.finish_time.ToNanoseconds() - broadcast.create_time.ToNanoseconds()
    return broadcast.notified_count / (seconds / 1e9), sender.latencies


async def _send_for(producer: AsyncClient, seconds: float) -> list[float]:
    until = time.monotonic() + seconds
    sender = _Sender(producer)
    await sender.run(lambda: time.monotonic() < until)
    return sender.latencies


@dataclass
class _Sender:
    """Sends at a steady rate, whether the ones before are answered or not."""

    producer: AsyncClient
    latencies: list[float] = field(default_factory=list)

    async def run(self, go_on: Callable[[], bool]) -> None:
        started, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as sends:
            while go_on():
                sends.create_task(self._send(number))
                number += 1
                await asyncio.sleep(max(0.0, started + number / _SENDS_PER_SECOND - time.monotonic()))

    async def _send(self, number: int) -> None:
        started = time.perf_counter()
        recipient_id = f"person-{number * 7919 % 1_000}"
        await self.producer.send(type="scan.completed", content=_CONTENT, recipient_ids=[recipient_id])
        self.latencies.append(time.perf_counter() - started)


def _p99(latencies: list[float]) -> float:
    return sorted(latencies)[int(len(latencies) * 0.99)]
