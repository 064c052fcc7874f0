"""Topics, and sends to them, in a small installation."""

from __future__ import annotations

from typing import Any

from carillon.v1 import types_pb2
from carillon_server.domain.broadcast import Broadcast, BroadcastState
from carillon_server.domain.identity import Principal
from carillon_server.domain.ids import BroadcastId
from carillon_server.domain.notification import Draft
from carillon_server.domain.send import BroadcastReceipt
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.services.topics import TopicService
from tests.delivery.house import PRODUCER, TENANT, House, payload
from tests.eventually import eventually

NEWS = "news"


class Town:
    """A house with a topic in it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.topics = TopicService(house.database)

    async def topic(self, *members: str | TopicMember, name: str = NEWS, tenant: str = TENANT) -> None:
        await self.topics.put(tenant, Topic(name), timeout=5)
        if members:
            await self.join(*members, name=name, tenant=tenant)

    async def join(self, *members: str | TopicMember, name: str = NEWS, tenant: str = TENANT) -> None:
        wanted = [each if isinstance(each, TopicMember) else TopicMember(each) for each in members]
        for start in range(0, len(wanted), 1_000):
            await self.topics.add_members(tenant, name, wanted[start : start + 1_000], timeout=10)

    async def crowd(self, count: int, **where: Any) -> list[str]:
        names = [f"person-{number:05}" for number in range(count)]
        await self.topic(*names, **where)
        return names

    async def begin(
        self, topic: str = NEWS, principal: Principal = PRODUCER, **fields: object
    ) -> BroadcastId:
        receipt = await self.receipt(topic, principal, **fields)
        assert receipt.broadcast_id is not None
        return receipt.broadcast_id

    async def receipt(
        self, topic: str = NEWS, principal: Principal = PRODUCER, **fields: object
    ) -> BroadcastReceipt:
        values = {"type": "news.published", "payload": payload(), **fields}
        draft = Draft((), **values)  # type: ignore[arg-type]  # fields of a Draft, by name
        outcome = await self.house.broadcasts.send(principal, draft, topic, timeout=10)
        assert outcome.broadcast is not None
        return outcome.broadcast

    async def look(self, id_: BroadcastId, principal: Principal = PRODUCER) -> Broadcast:
        return await self.house.broadcasts.get(principal, id_, timeout=5)

    async def ended(
        self,
        id_: BroadcastId,
        state: BroadcastState = BroadcastState.COMPLETED,
        *,
        principal: Principal = PRODUCER,
        within_seconds: float = 30,
    ) -> Broadcast:
        async def has_ended() -> bool:
            return (await self.look(id_, principal)).finish_time is not None

        await eventually(has_ended, within_seconds)
        broadcast = await self.look(id_, principal)
        assert broadcast.state is state, broadcast
        return broadcast

    async def told(self) -> dict[str, int]:
        """How often each was notified."""
        rows = await self.house.database.fetch(
            "SELECT i.recipient_id, count(*) AS count FROM notification n JOIN inbox i USING (inbox_id)"
            " WHERE n.stage < 3 GROUP BY 1"
        )
        return {row["recipient_id"]: row["count"] for row in rows}


def payload_with_data(data: dict[str, object]) -> bytes:
    message = types_pb2.Notification.FromString(payload())
    message.data.update(data)
    return message.SerializeToString()
