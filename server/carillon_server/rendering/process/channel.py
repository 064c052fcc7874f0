"""The child's end of the socket."""

from __future__ import annotations

import socket
from typing import Any

from carillon_server.rendering import frames


class Channel:
    """Blocking: there is nothing else to do meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)

    def read(self) -> Any | None:
        """The next message; None: the other side is gone."""
        head = self._read_exactly(frames.HEAD_BYTES)
        body = None if head is None else self._read_exactly(frames.length_of(head))
        return None if body is None else frames.unpack(body)

    def write(self, message: Any) -> None:
        """Raises OSError where the other side is gone."""
        self._socket.sendall(frames.pack(message))

    def _read_exactly(self, size: int) -> bytes | None:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                return None
            view = view[count:]
        return bytes(buffer)
