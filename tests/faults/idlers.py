"""A helper: streams whose readers take the first message and nothing more, until they are asked to go on.

Their windows are small, and HTTP/2 lets the server send no more than what fits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc

from carillon import AsyncClient
from carillon.v1 import notification_service_pb2 as pb
from carillon.v1.notification_service_pb2_grpc import NotificationServiceStub
from tests.faults.helper import Words, answer_all, beginning
from tests.realtime.reader import Reader, reason_of

_NARROW = (
    ("grpc.http2.lookahead_bytes", 16 * 1024),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.use_local_subchannel_pool", 1),
)
_PER_CHANNEL = 100
_AT_ONCE = 50


class _Idler:
    def __init__(self, channel: grpc.aio.Channel, token: str, name: str) -> None:
        self.name = name
        self.told: list[str] = []
        self.end = ""
        self._channel = channel
        self._token = token

    async def open(self, within_seconds: float) -> None:
        metadata = (("authorization", f"Bearer {self._token}"),)
        call = NotificationServiceStub(self._channel).Subscribe(
            pb.SubscribeRequest(recipient_id=self.name), metadata=metadata
        )
        self._reader = Reader(call)
        await self._reader.next(within_seconds)

    async def go_on(self, client: AsyncClient, count: int, within_seconds: float) -> None:
        """Takes what had come until the stream turns out to have ended; then the rest, from its cursor on."""
        for message in await self._reader.rest(within_seconds):
            self.told += [each.id for each in message.created.notifications]
        call = self._reader.call
        self.end = reason_of(await call.code(), await call.trailing_metadata())
        subscription = client.subscribe(recipient_id=self.name, cursor=self._reader.cursor)
        async with asyncio.timeout(within_seconds), subscription:
            while len(self.told) < count:
                event = await anext(subscription)
                self.told += [each.id for each in event.created.notifications]


class _Idlers:
    def __init__(self, idlers: Sequence[_Idler], client: AsyncClient) -> None:
        self._idlers = idlers
        self._client = client

    async def opened(self, words: Words) -> Words:
        """Answers when every stream has its snapshot."""
        await asyncio.gather(*(idler.open(words["within_seconds"]) for idler in self._idlers))
        return {"late": 0}

    async def resumed(self, words: Words) -> Words:
        """Lets all go on; how their streams had ended."""
        waiting = iter(self._idlers)

        async def hand() -> None:
            for idler in waiting:
                await idler.go_on(self._client, words["count"], words["within_seconds"])

        await asyncio.gather(*(hand() for _ in range(_AT_ONCE)))
        return {"ends": sorted({idler.end for idler in self._idlers})}

    async def report(self, _words: Words) -> Words:
        return {
            "told": {idler.name: idler.told for idler in self._idlers},
            "afresh": 0,
            "delays_seconds": [],
        }


async def _main(target: str, token: str, people: Sequence[str]) -> None:
    channels = [
        grpc.aio.insecure_channel(target, options=_NARROW) for _ in range(-(-len(people) // _PER_CHANNEL))
    ]
    idlers = [_Idler(channels[n // _PER_CHANNEL], token, name) for n, name in enumerate(people)]
    async with AsyncClient(target, token=token) as client:
        group = _Idlers(idlers, client)
        await answer_all(opened=group.opened, resumed=group.resumed, report=group.report)
    for channel in channels:
        await channel.close()


if __name__ == "__main__":
    asyncio.run(_main(**beginning()))
