"""Headers that are too many, too large, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST, Target, streams_of_new_connections

_PER_CONNECTION = 200
_LARGEST_FRAME = 16_384


def one_huge_header(target: Target) -> Iterator[int]:
    """A megabyte."""
    yield from _calls(target, [("x-huge", "h" * (1 << 20))])


def many_headers(target: Target) -> Iterator[int]:
    yield from _calls(target, [(f"x-{number}", "v") for number in range(5_000)])


def just_too_large(target: Target) -> Iterator[int]:
    """More than is taken of anybody, less than ends the connection."""
    yield from _calls(target, [("x-large", "h" * 20_000)])


def header_bomb(target: Target) -> Iterator[int]:
    """4 KB put into the table once, then named by a single byte, again and again."""
    first = wire.Encoder().encode([("x-bomb", "b" * 4_000)], huffman=False)
    last_of_dynamic_table = bytes([0x80 | 62])
    bomb = (
        wire.block(wire.request_headers(LIST, target.token))[1:]
        + first
        + last_of_dynamic_table * _LARGEST_FRAME
    )
    yield from _blocks(target, bomb)


def illegal_headers(target: Target) -> Iterator[int]:
    """Names and values that HTTP/2 or gRPC forbids, one call each."""
    wrong: list[tuple[str | bytes, str | bytes]] = [
        ("Upper-Case", "x"),
        ("", "x"),
        ("sp ace", "x"),
        ("new\nline", "x"),
        ("x-nul", b"\x00"),
        ("x-line", "a\r\nb: c"),
        ("x-bytes", b"\xff\xfe"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("content-length", "-1"),
        ("content-length", "99999999999999999999"),
        (":path", "/twice"),
        (":late", "x"),
        (":status", "200"),
        ("x-bin", "!!not base64!!"),
        ("grpc-status-details-bin", "%%%"),
        ("grpc-timeout", "99999999999999H"),
        ("grpc-timeout", "-5S"),
        ("grpc-timeout", "soon"),
        ("grpc-encoding", "\u00e9"),
        ("grpc-accept-encoding", "," * 1_000),
        ("authorization", "Bearer " + "." * 10_000),
        ("te", "nothing"),
        ("user-agent", "\x7f" * 100),
    ]
    for field, (connection, stream) in zip(cycle(wrong), streams_of_new_connections(target, _PER_CONNECTION)):
        block = wire.block(wire.request_headers(LIST, target.token, [field]))
        connection.send(wire.headers(stream, block), wire.data(stream, wire.message(b""), end=True))
        yield 1


def _calls(target: Target, extra: wire.Headers) -> Iterator[int]:
    yield from _blocks(target, wire.block(wire.request_headers(LIST, target.token, extra)))


def _blocks(target: Target, block: bytes) -> Iterator[int]:
    pieces = [block[at : at + _LARGEST_FRAME] for at in range(0, len(block), _LARGEST_FRAME)]
    for connection, stream in streams_of_new_connections(target, _PER_CONNECTION):
        kinds = [wire.HEADERS] + [wire.CONTINUATION] * (len(pieces) - 1)
        ends = [0] * (len(pieces) - 1) + [wire.END_HEADERS]
        frames = [
            wire.frame(kind, flags, stream, piece)
            for kind, flags, piece in zip(kinds, ends, pieces, strict=True)
        ]
        if connection.send(*frames):
            connection.send(wire.data(stream, wire.message(b""), end=True))
        yield 1
