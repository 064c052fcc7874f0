"""How the gRPC server is set up, each option with its reason."""

from __future__ import annotations

from carillon_server.config import Settings
from carillon_server.transport.bundle_limits import LARGER_MESSAGES

MAX_METADATA_BYTES = 16 * 1024
_LARGEST_OF_ALL = max(LARGER_MESSAGES.values()) + 1024
_MAX_PENDING_CALLS = 100_000

ChannelOptions = list[tuple[str, int]]


def channel_options(settings: Settings) -> ChannelOptions:
    """The channel arguments of the server."""
    return [*_sizes(settings), *_concurrency(settings), *_keepalive(), *_socket()]


def _sizes(settings: Settings) -> ChannelOptions:
    return [
        # A message between the limit and this is refused by us, with details; beyond it by gRPC, without.
        ("grpc.max_receive_message_length", max(2 * settings.max_message_bytes, _LARGEST_OF_ALL)),
        # Pages and streams bound their messages themselves.
        ("grpc.max_send_message_length", -1),
        # Tokens with many claims do not fit the default of 8 KiB. Beyond the first some calls are refused,
        # beyond the second all are.
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", 2 * MAX_METADATA_BYTES),
    ]


def _concurrency(settings: Settings) -> ChannelOptions:
    return [
        # Without a limit one connection that opens and resets streams starves all others.
        ("grpc.max_concurrent_streams", settings.max_concurrent_streams),
        # By default four calls in ten of a burst, such as everybody's streams after a restart, are cancelled.
        ("grpc.server.max_pending_requests", _MAX_PENDING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", _MAX_PENDING_CALLS),
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


def _socket() -> ChannelOptions:
    return [
        # Two servers on one port by mistake must be an error, not a lottery.
        ("grpc.so_reuseport", 0),
    ]
