"""How the gRPC server is set up, each option with its reason."""

from __future__ import annotations

import resource

from carillon_server.config import Settings
from carillon_server.transport.bundle_limits import LARGER_MESSAGES

MAX_METADATA_BYTES = 16 * 1024
_OWN_FILES = 100
_LARGEST_OF_ALL = max(LARGER_MESSAGES.values()) + 1024

ChannelOptions = list[tuple[str, int]]


def channel_options(settings: Settings, max_streams: int | None = None) -> ChannelOptions:
    """The channel arguments of a server; `max_streams` of a connection where the settings allow too many."""
    streams = max_streams or settings.max_concurrent_streams
    return [*_sizes(settings), *_concurrency(settings, streams), *_keepalive(), *_connections(settings)]


def _sizes(settings: Settings) -> ChannelOptions:
    return [
        # A message between the limit and this is refused by us, with details; beyond it by gRPC, without.
        ("grpc.max_receive_message_length", max(2 * settings.max_message_bytes, _LARGEST_OF_ALL)),
        # Pages and streams bound their messages themselves.
        ("grpc.max_send_message_length", -1),
        # Tokens with many claims do not fit the default of 8 KiB. Between the two limits calls would be
        # refused at random, and cost twice the memory while they wait.
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ]


def _concurrency(settings: Settings, max_streams: int) -> ChannelOptions:
    return [
        # Without a limit one connection that opens and resets streams starves all others; the fewer, the less
        # it can take: as many calls as this begin before others have their turn.
        ("grpc.max_concurrent_streams", max_streams),
        # By default four calls in ten of a burst, such as everybody's streams after a restart, are cancelled.
        # Each waits with all its metadata, so the product of both limits is memory that anybody can take.
        ("grpc.server.max_pending_requests", settings.max_pending_calls),
        ("grpc.server.max_pending_requests_hard_limit", settings.max_pending_calls),
    ]


def _keepalive() -> ChannelOptions:
    return [
        # A dead client is noticed within 20 s. The third counts: without it a black hole takes 70 s.
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.http2.ping_timeout_ms", 5_000),
        # Streams are quiet for long; a ping must not need a call or data to go with it.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # Clients may ping every 10 s; those that ping more often get a GOAWAY.
        ("grpc.http2.min_ping_interval_without_data_ms", 9_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 9_000),
    ]


def _connections(settings: Settings) -> ChannelOptions:
    return [
        # Two servers on one port by mistake must be an error, not a lottery.
        ("grpc.so_reuseport", int(settings.grpc_share_port)),
        # By default a connection may say nothing for two minutes.
        ("grpc.server_handshake_timeout_ms", int(settings.connection_setup_seconds * 1000)),
        # One without calls may answer pings for ever. Clients that have to go come back with their next call.
        ("grpc.max_connection_idle_ms", int(settings.connection_idle_seconds * 1000)),
        # Without files to open, not even the connections to Postgres and Redis come back.
        ("grpc.max_allowed_incoming_connections", max_connections(settings)),
    ]


def max_connections(settings: Settings) -> int:
    """What the setting says, if the process may open so many files and keep some for itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return settings.max_connections
    left = files - _OWN_FILES - settings.database_max_connections
    return max(1, min(settings.max_connections, left // 2 if settings.grpc_inner_address else left))
