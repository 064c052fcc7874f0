"""The addresses of a process, each with a gRPC server of its own.

gRPC keeps the calls that wait to be begun in one queue for each server, in the order in which they came: who
floods it holds up all others who come by the same door, however cheaply each of his calls is refused. Callers
within (services, gateways) can therefore have an address that strangers do not reach.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc

from carillon_server.config import Settings
from carillon_server.transport.options import channel_options

OUTER_STREAMS = 100


class Doors:
    """One for everybody, and one for those within, if the settings name it. Both lead to the same calls."""

    def __init__(self, settings: Settings, router: grpc.GenericRpcHandler) -> None:
        self._settings = settings
        if not settings.grpc_inner_address:
            self._servers = {settings.grpc_address: build_server(settings, router)}
            return
        outer_streams = min(settings.max_concurrent_streams, OUTER_STREAMS)
        self._servers = {
            settings.grpc_address: build_server(settings, router, outer_streams),
            settings.grpc_inner_address: build_server(settings, router),
        }

    def bind(self) -> int:
        """Takes the addresses, with TLS where a certificate is configured; the port of the outer one.

        Raises RuntimeError when an address cannot be had.
        """
        ports = [self._bind(server, address) for address, server in self._servers.items()]
        return ports[0]

    def _bind(self, server: grpc.aio.Server, address: str) -> int:
        settings = self._settings
        if not settings.tls_certificate:
            return server.add_insecure_port(address)
        pair = (Path(settings.tls_key).read_bytes(), Path(settings.tls_certificate).read_bytes())
        return server.add_secure_port(address, grpc.ssl_server_credentials([pair]))

    async def start(self) -> None:
        for server in self._servers.values():
            await server.start()

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more calls, and gives those under way so long."""
        await asyncio.gather(*(server.stop(grace_seconds) for server in self._servers.values()))


def build_server(
    settings: Settings, router: grpc.GenericRpcHandler, max_streams: int | None = None
) -> grpc.aio.Server:
    """A server that is not started yet; `max_streams` as in `channel_options`."""
    server = grpc.aio.server(
        options=channel_options(settings, max_streams),
        # Callers may compress; answers are not, as callers are near and time is worth more than bytes.
        compression=grpc.Compression.NoCompression,
    )
    server.add_generic_rpc_handlers((router,))
    return server
