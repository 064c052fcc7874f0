"""People with a device each, which can go away, and come back to another history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from carillon import AsyncClient
from carillon.v1.notification_service_pb2 import SendResponse
from carillon.v1.types_pb2 import Notification
from tests.eventually import eventually
from tests.faults.callers import Callers, in_flight
from tests.faults.device import Device
from tests.faults.oracle import holdings

_SENDS = 3
_AT_ONCE = 16
_SHOWS_SECONDS = 60


class Readers:
    """All of them are sent the same."""

    def __init__(self, producer: Callers, gateway: Callers, people: Sequence[str]) -> None:
        self.devices = [
            Device(gateway.clients[number % len(gateway.clients)], name) for number, name in enumerate(people)
        ]
        self.sends = 0
        self._producer, self._gateway = producer, gateway

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(device.follow()) for device in self.devices]
            yield
            for task in tasks:
                task.cancel()

    async def send(self, label: str) -> None:
        """The same number of notifications to everybody; what they say is told by the label."""
        await in_flight((self._send(device, label) for device in self.devices), _AT_ONCE)

    async def delete_oldest(self) -> None:
        await in_flight((self._delete_oldest(device) for device in self.devices), _AT_ONCE)

    async def wrong(self) -> list[str]:
        """Who shows something else than their inbox, though they had time."""
        inboxes = [await holdings(self._gateway, [device.recipient_id]) for device in self.devices]
        pairs = list(zip(self.devices, inboxes, strict=True))

        async def all_show() -> bool:
            return all(_shows(device, inbox) for device, inbox in pairs)

        with suppress(AssertionError):
            await eventually(all_show, _SHOWS_SECONDS)
        return [device.recipient_id for device, inbox in pairs if not _shows(device, inbox)]

    async def _send(self, device: Device, label: str) -> None:
        for number in range(_SENDS):
            request_id = f"{label}-{device.recipient_id}-{number}"
            call = partial(_send, recipient_id=device.recipient_id, title=label, request_id=request_id)
            await self._producer.answer(call, first=number)
            self.sends += 1

    async def _delete_oldest(self, device: Device) -> None:
        oldest = next(iter(reversed(await holdings(self._gateway, [device.recipient_id]))))
        await self._gateway.answer(partial(_delete, recipient_id=device.recipient_id, id_=oldest.id))


async def _send(client: AsyncClient, recipient_id: str, title: str, request_id: str) -> SendResponse:
    content = {"title": title}
    return await client.send(
        type="scan.completed", recipient_ids=[recipient_id], content=content, request_id=request_id
    )


async def _delete(client: AsyncClient, recipient_id: str, id_: str) -> None:
    await client.delete(recipient_id=recipient_id, ids=[id_])


def _shows(device: Device, inbox: Sequence[Notification]) -> bool:
    return device.held == {each.id: each for each in inbox} and device.counts.total_count == len(inbox)
