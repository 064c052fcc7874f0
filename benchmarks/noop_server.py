"""The limit of a unary call: a grpc.aio server with our settings whose only method answers with nothing."""

from __future__ import annotations

import asyncio
import sys

import grpc
import uvloop

from carillon_server.config import load_settings
from carillon_server.transport.options import channel_options

METHOD = "/benchmark.Noop/Call"


async def _noop(_request: bytes, _context: object) -> bytes:
    return b""


async def _serve(port: int) -> None:
    server = grpc.aio.server(options=channel_options(load_settings()))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_noop)
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("benchmark.Noop", handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print("ready", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
