"""Sends to a topic or to everyone."""

from __future__ import annotations

from typing import Any

from carillon.v1.notification_service_pb2 import Broadcast, BroadcastState
from tests.eventually import eventually
from tests.systems.world import World

_UNDER_WAY = (BroadcastState.BROADCAST_STATE_PENDING, BroadcastState.BROADCAST_STATE_RUNNING)


async def broadcast(world: World, kind: str, **fields: Any) -> Broadcast:
    """One of the type's sample, unless `data` is given, to `topic` or `everyone`; as it ended."""
    data = fields.pop("data", None) or world.sample(kind)
    sent = await world.system.send(type=kind, data=data, **fields)
    assert not sent.results
    last = Broadcast()

    async def ended() -> bool:
        last.CopyFrom((await world.system.get_broadcast(id=sent.broadcast_id)).broadcast)
        return last.state not in _UNDER_WAY

    await eventually(ended)
    assert last.state == BroadcastState.BROADCAST_STATE_COMPLETED
    assert last.failure == ""
    return last
