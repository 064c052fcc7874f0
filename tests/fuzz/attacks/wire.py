"""HTTP/2 by hand: libraries that speak it well refuse to speak it badly."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_WINDOW = 2**31 - 1
CANCEL = 8
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8

Headers = Iterable[tuple[str | bytes, str | bytes]]


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"", length: int | None = None) -> bytes:
    """Any frame, also one whose length is a lie."""
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + body


def settings(values: dict[int, int] | None = None, *, ack: bool = False) -> bytes:
    body = b"".join(struct.pack(">HI", *pair) for pair in (values or {}).items())
    return frame(SETTINGS, ACK if ack else 0, 0, body)


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def reset(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def data(stream: int, body: bytes, *, end: bool = False) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, body)


def headers(stream: int, block: bytes, *, end: bool = False) -> bytes:
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)


def message(body: bytes, *, compressed: int = 0, length: int | None = None) -> bytes:
    """A gRPC message with its prefix, also one whose length is a lie."""
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


def request_headers(path: str, token: str = "", extra: Headers = ()) -> list[tuple[str | bytes, str | bytes]]:
    """Those of an ordinary call."""
    authorization = [("authorization", f"Bearer {token}")] if token else []
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *authorization,
        *extra,
    ]


def block(fields: Headers) -> bytes:
    """Headers for any connection, at any time: nothing in them refers to what was sent before."""
    encoder = Encoder()
    encoder.header_table_size = 0
    return b"".join(encoder.encode([field], huffman=False) for field in fields)


@dataclass(frozen=True)
class Frame:
    """What came, as far as tests ask."""

    kind: int
    flags: int
    stream: int
    body: bytes


def frames(came: bytes | bytearray) -> Iterator[Frame]:
    """All whole ones."""
    at = 0
    while at + 9 <= len(came):
        size = int.from_bytes(came[at : at + 3])
        if at + 9 + size > len(came):
            return
        kind, flags, stream = struct.unpack(">BBI", came[at + 3 : at + 9])
        yield Frame(kind, flags, stream, bytes(came[at + 9 : at + 9 + size]))
        at += 9 + size


class Connection:
    """A connection on which anything can be said. What comes back is kept out of the way."""

    def __init__(self, port: int, *, hello: bytes | None = None, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(PREFACE + settings() + settings(ack=True) if hello is None else hello)

    def send(self, *parts: bytes) -> bool:
        """False when the connection has ended, which is the right answer to many things."""
        try:
            self.socket.sendall(b"".join(parts))
        except OSError:
            return False
        return True

    def drop_answers(self) -> bool:
        """Takes what has come without looking; False at the end of the connection."""
        with contextlib.suppress(BlockingIOError, TimeoutError):
            while select.select([self.socket], [], [], 0)[0]:
                try:
                    if not self.socket.recv(1 << 18):
                        return False
                except OSError:
                    return False
        return True

    def read_until(self, enough: Callable[[list[Frame]], object], seconds: float = 10) -> list[Frame]:
        """All frames since the last time, as soon as they are enough; raises TimeoutError before that."""
        self.socket.settimeout(seconds)
        came = bytearray()
        while not enough(read := list(frames(came))):
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise ConnectionError("the server ended the connection")
            came += piece
        return read

    def read_to_end(self, seconds: float) -> bytes | None:
        """All that comes until the server ends the connection; None when it does not in time."""
        self.socket.settimeout(seconds)
        came = bytearray()
        try:
            while piece := self.socket.recv(1 << 16):
                came += piece
        except TimeoutError:
            return None
        except OSError:
            pass
        return bytes(came)

    def close(self) -> None:
        self.socket.close()


@contextlib.contextmanager
def connected(port: int, *, hello: bytes | None = None) -> Iterator[Connection]:
    connection = Connection(port, hello=hello)
    try:
        yield connection
    finally:
        connection.close()
