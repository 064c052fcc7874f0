"""Connections that cost a place and give nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST, SEND, SUBSCRIBE, Target
from tests.fuzz.attacks.wire import Connection

_MANY = 2_000
_STREAMS = 3_000
_SLOWLY_SECONDS = 0.05


def a_busy_neighbour(_: Target) -> Iterator[int]:
    """No attack: a program that takes as much of the processor, for comparison."""
    while True:
        for _number in range(100_000):
            pass
        yield 0


def silent_connections(target: Target) -> Iterator[int]:
    """Two thousand that say nothing, the preface alone, half a frame, or half a header."""
    block = wire.block(wire.request_headers(LIST, target.token))
    hellos = [
        b"",
        wire.PREFACE[:10],
        wire.PREFACE,
        wire.PREFACE + wire.settings() + wire.headers(1, block)[:20],
        wire.PREFACE + wire.settings() + wire.headers(1, block),
    ]
    yield from _held(Connection(target.port, hello=hellos[n % len(hellos)]) for n in range(_MANY))


def connections_come_and_go(target: Target) -> Iterator[int]:
    while True:
        Connection(target.port).close()
        yield 1


def streams_beyond_the_limit(target: Target) -> Iterator[int]:
    """Calls that are begun and never ended, three times as many as the server allows at once."""
    block = wire.block(wire.request_headers(SEND, target.token))
    while True:
        connection = Connection(target.port)
        for stream in range(1, 2 * _STREAMS, 200):
            if not connection.send(
                *(wire.headers(number, block) for number in range(stream, stream + 200, 2))
            ):
                break
            connection.drop_answers()
            yield 100
        connection.close()


def never_reading(target: Target) -> Iterator[int]:
    """Asks on and on with no window and no room, so that no answer can leave."""
    block = wire.block(wire.request_headers(LIST, target.token))
    hello = wire.PREFACE + wire.settings({4: 0}) + wire.settings(ack=True)
    while True:
        connection = Connection(target.port, hello=hello, receive_bytes=4_096)
        for stream in range(1, 2 * 900, 2):
            call = wire.headers(stream, block) + wire.data(stream, wire.message(b""), end=True)
            if not connection.send(call):
                break
            yield 1
        connection.close()


def subscribers_without_a_window(target: Target) -> Iterator[int]:
    """Live streams that nothing can be written to."""
    block = wire.block(wire.request_headers(SUBSCRIBE, target.token))
    hello = wire.PREFACE + wire.settings({4: 0}) + wire.settings(ack=True)
    connection = Connection(target.port, hello=hello)
    for stream in range(1, 80, 2):
        connection.send(wire.headers(stream, block), wire.data(stream, wire.message(b""), end=True))
        yield 1
    yield from _held([connection])


def a_byte_at_a_time(target: Target) -> Iterator[int]:
    """Slow loris: two hundred calls, each of which sends a byte now and then."""
    block = wire.block(wire.request_headers(SEND, target.token))
    connections = [Connection(target.port) for _ in range(200)]
    for connection in connections:
        connection.send(wire.headers(1, block), wire.data(1, wire.message(b"", length=1_000)))
    while True:
        for connection in connections:
            connection.send(wire.data(1, b"x"))
        yield len(connections)
        time.sleep(_SLOWLY_SECONDS)


def _held(connections: Iterator[Connection] | list[Connection]) -> Iterator[int]:
    kept = []
    for connection in connections:
        kept.append(connection)
        yield 1
    while True:
        time.sleep(_SLOWLY_SECONDS)
        yield 0
