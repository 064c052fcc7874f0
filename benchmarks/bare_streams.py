"""The limit of a live stream: a grpc.aio server with our settings that says one thing to each stream and then
holds it.

`python -m benchmarks.bare_streams 1000` also writes so many messages a second, as large as events, to streams
drawn at random.
"""

from __future__ import annotations

import asyncio
import sys
import time
from random import Random
from typing import TypeAlias

import grpc
import uvloop

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.config import load_settings
from carillon_server.transport.options import channel_options

_SERVICE = "carillon.v1.NotificationService"
_EVENT_BYTES = 350
_TURN_SECONDS = 0.005
_HELLO = pb.SubscribeResponse(cursor="bare", snapshot=pb.SubscribeResponse.Snapshot()).SerializeToString()


_EVENT = pb.SubscribeResponse(cursor="x" * _EVENT_BYTES).SerializeToString()
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
_streams: list[Context] = []


async def _hold(_request: bytes, context: Context) -> None:
    await context.write(_HELLO)
    _streams.append(context)
    await asyncio.get_running_loop().create_future()


async def _tell(per_second: float) -> None:
    started, told, rng = time.monotonic(), 0, Random(0)
    while True:
        await asyncio.sleep(_TURN_SECONDS)
        due = int((time.monotonic() - started) * per_second)
        for _ in range(due - told):
            if _streams:
                await rng.choice(_streams).write(_EVENT)
        told = due


async def _serve(per_second: float) -> None:
    settings = load_settings()
    server = grpc.aio.server(options=channel_options(settings))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Subscribe": grpc.unary_stream_rpc_method_handler(_hold)
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, handlers)])
    server.add_insecure_port(settings.grpc_address)
    await server.start()
    telling = asyncio.create_task(_tell(per_second))
    print("ready", flush=True)
    await server.wait_for_termination()
    telling.cancel()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(float(sys.argv[1])))
