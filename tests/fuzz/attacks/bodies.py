"""Messages that become larger than they look, or never become whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import SEND, Target, streams_of_new_connections
from tests.fuzz.attacks.wire import Connection

_FRAME = 16_384
_MEBI = 1 << 20
_BIG = 15 * _MEBI


def gzip_bomb(target: Target) -> Iterator[int]:
    """300 KB that are 300 MB."""
    yield from _bombs(target, "gzip", squeezed(31))


def deflate_bomb(target: Target) -> Iterator[int]:
    yield from _bombs(target, "deflate", squeezed(15))


def half_messages(target: Target) -> Iterator[int]:
    """Announces 15 MiB without credentials and sends nearly all of it, in forty calls at once."""
    block = wire.block(wire.request_headers(SEND))
    while True:
        connection = Connection(target.port)
        piece = b"\0" * _FRAME
        streams = range(1, 80, 2)
        for stream in streams:
            connection.send(wire.headers(stream, block), wire.data(stream, wire.message(b"", length=_BIG)))
        for _ in range(_BIG // _FRAME - 1):
            for stream in streams:
                if not connection.send(wire.data(stream, piece)):
                    break
            connection.drop_answers()
            yield len(streams)
        connection.close()


def squeezed(window_bits: int, mebibytes: int = 300) -> bytes:
    """So many zeros, as gzip (31) or deflate (15)."""
    machine = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    zeros = bytes(_MEBI)
    return b"".join(machine.compress(zeros) for _ in range(mebibytes)) + machine.flush()


def _bombs(target: Target, encoding: str, bomb: bytes) -> Iterator[int]:
    extra = [("grpc-encoding", encoding)]
    block = wire.block(wire.request_headers(SEND, target.token, extra))
    body = wire.message(bomb, compressed=1)
    frames = [body[at : at + _FRAME] for at in range(0, len(body), _FRAME)]
    for connection, stream in streams_of_new_connections(target, 100):
        connection.send(wire.window_update(0, 1 << 20), wire.headers(stream, block))
        for number, piece in enumerate(frames, 1):
            if not connection.send(wire.data(stream, piece, end=number == len(frames))):
                break
            connection.drop_answers()
        yield 1
