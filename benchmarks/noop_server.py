"""The limits of calls: a grpc.aio server with our settings whose methods answer each message with nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc
import uvloop

from carillon_server.config import load_settings
from carillon_server.transport.options import channel_options

METHOD = "/benchmark.Noop/Call"
STREAM = "/benchmark.Noop/Stream"


async def _noop(_request: bytes, _context: object) -> bytes:
    return b""


async def _noop_stream(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
    async for _ in requests:
        yield b""


async def _serve(port: int) -> None:
    server = grpc.aio.server(options=channel_options(load_settings()))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_noop),
        "Stream": grpc.stream_stream_rpc_method_handler(_noop_stream),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("benchmark.Noop", handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print("ready", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
