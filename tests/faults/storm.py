"""Sends and marks of a few people, all at once, and what the counters have to be afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from random import Random

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import GetCountsResponse
from carillon.v1.types_pb2 import Counts, Notification
from tests.eventually import eventually
from tests.faults.callers import Callers
from tests.faults.device import Device
from tests.faults.oracle import holdings

PEOPLE = 4
_TOLD_SECONDS = 120
_MARKS = ("mark_read", "mark_unread", "mark_seen", "archive", "unarchive", "pin", "unpin", "delete")
_TYPES = ("scan.completed", "scan.failed")
_PRIORITIES = ("NORMAL", "HIGH")


class Storm:
    """Sends, and marks of what was sent, in no order."""

    def __init__(self, seed: int, producer: Callers, gateway: Callers) -> None:
        self._rng = Random(seed)
        self._producer, self._gateway = producer, gateway
        self._sent: list[tuple[str, str]] = []
        self.answer_count = 0

    async def step(self, number: int) -> None:
        if len(self._sent) < PEOPLE or self._rng.random() < 0.5:
            await self._send(number)
        else:
            await self._mark(number)
        self.answer_count += 1

    async def _send(self, number: int) -> None:
        recipient_id = f"person-{number % PEOPLE}"
        fields = {
            "type": self._rng.choice(_TYPES),
            "priority": self._rng.choice(_PRIORITIES),
            "category": self._rng.choice(("", "scans")),
            "recipient_ids": [recipient_id],
            "content": {"title": f"#{number}"},
            "request_id": f"storm-{number}",
        }
        answer = await self._producer.answer(lambda client: client.send(**fields), first=number)
        self._sent.append((recipient_id, answer.results[0].notification_id))

    async def _mark(self, number: int) -> None:
        recipient_id, _ = self._rng.choice(self._sent)
        own = [id_ for owner, id_ in self._sent if owner == recipient_id]
        ids = self._rng.sample(own, min(len(own), 3))
        mark = self._rng.choice(_MARKS)
        await self._gateway.answer(
            lambda client: getattr(client, mark)(recipient_id=recipient_id, ids=ids), first=number
        )


def _recount(held: Iterable[Notification]) -> Counts:
    """What the counters have to be: of the archive only its size counts."""
    everything = list(held)
    inbox = [each for each in everything if not each.HasField("archive_time")]
    return Counts(
        total_count=len(inbox),
        unread_count=sum(not each.HasField("read_time") for each in inbox),
        unseen_count=sum(not each.HasField("seen_time") for each in inbox),
        archived_count=len(everything) - len(inbox),
    )


def _wrong(told: GetCountsResponse, held: list[Notification]) -> list[str]:
    """Every counter that says something else than a recount."""
    wrong = [] if told.counts == _recount(held) else ["inbox"]
    by_type = {kind: [each for each in held if each.type == kind] for kind in _TYPES}
    by_category = {kind: [each for each in held if each.category == kind] for kind in ("", "scans")}
    wrong += [f"type {kind}" for kind, own in by_type.items() if told.by_type[kind] != _recount(own)]
    wrong += [f"category {k}" for k, own in by_category.items() if told.by_category[k] != _recount(own)]
    for line in told.by_priority:
        own = [each for each in held if each.priority == line.priority]
        wrong += [] if line.counts == _recount(own) else [f"priority {line.priority}"]
    return wrong


async def wrong_counters(gateway: Callers, recipient_id: str) -> list[str]:
    told = await gateway.answer(partial(_counts, recipient_id=recipient_id))
    return _wrong(told, await holdings(gateway, [recipient_id]))


async def _counts(client: AsyncClient, recipient_id: str) -> GetCountsResponse:
    return await client.get_counts(recipient_id=recipient_id)


async def _read_all(client: AsyncClient, recipient_id: str) -> int:
    return (await client.mark_read(recipient_id=recipient_id, all=True)).changed_count


async def _shows(device: Device, held: list[Notification], counts: Counts) -> bool:
    return device.held == {each.id: each for each in held} and device.counts == counts


async def marks_reach(gateway: Callers, device: Device) -> None:
    """Reading all is told to the device, and changes nothing the second time."""
    await gateway.answer(partial(_read_all, recipient_id=device.recipient_id))
    assert await gateway.answer(partial(_read_all, recipient_id=device.recipient_id)) == 0
    held = await holdings(gateway, [device.recipient_id])
    await eventually(partial(_shows, device, held, _recount(held)), _TOLD_SECONDS)
    assert device.counts.unread_count == 0
