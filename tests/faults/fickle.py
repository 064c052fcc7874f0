"""A helper: clients that open a stream and give it up, before its first message or right after it."""

from __future__ import annotations

import asyncio
from random import Random

import grpc

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1.notification_service_pb2_grpc import NotificationServiceStub
from tests.faults.helper import Words, answer_all, beginning

_AT_ONCE = 20
_PEOPLE = 100
_PER_CONNECTION = 200
"""Streams, until a hand takes another connection; the old one is closed with streams on it."""
_OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1), ("grpc.lb_policy_name", "round_robin"))


class _Fickle:
    def __init__(self, target: str, token: str, seed: int) -> None:
        self._target = target
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._rng = Random(seed)
        self._left = 0

    async def soak(self, words: Words) -> Words:
        """So many streams, opened and given up."""
        self._left = words["streams"]
        await asyncio.gather(*(self._hand() for _ in range(_AT_ONCE)))
        return {}

    async def _hand(self) -> None:
        while self._left > 0:
            async with grpc.aio.insecure_channel(self._target, options=_OWN_CONNECTION) as channel:
                stub = NotificationServiceStub(channel)
                for _ in range(min(self._left, _PER_CONNECTION)):
                    await self._open_and_leave(stub)

    async def _open_and_leave(self, stub: NotificationServiceStub) -> None:
        self._left -= 1
        recipient_id = f"fickle-{self._rng.randrange(_PEOPLE)}"
        call = stub.Subscribe(pb.SubscribeRequest(recipient_id=recipient_id), metadata=self._metadata)
        if self._rng.random() < 0.5:
            await call.read()
        else:
            # So that the server has begun with it, more often than not.
            await asyncio.sleep(self._rng.uniform(0, 0.01))
        call.cancel()


async def _main(target: str, token: str, seed: int) -> None:
    fickle = _Fickle(target, token, seed)
    await answer_all(soak=fickle.soak)


if __name__ == "__main__":
    asyncio.run(_main(**beginning()))
