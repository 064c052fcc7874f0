"""The far side of deliveries, as fast as Python can be: takes mails and webhooks, keeps when they came.

Run as a process of its own: `python -m benchmarks.sink SMTP_PORT HTTP_PORT REPORT_PORT`. Who connects to the
report port is told, as one line of JSON, when each message since the last report was taken, by the clock that
all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

_ANSWERS = {
    b"EHLO": b"250-sink\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_taken: list[float] = []


class _Smtp(asyncio.Protocol):
    """Says yes to everything; a mail is taken with its final dot."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._held = b""
        self._in_data = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._in_data:
            _, found, rest = self._held.partition(b"\r\n.\r\n")
            if found:
                self._held, self._in_data = rest, False
                _taken.append(time.monotonic())
                self._transport.write(b"250 taken\r\n")
            return bool(found)
        line, found, rest = self._held.partition(b"\r\n")
        if found:
            self._held = rest
            self._answer(line[:4].upper())
        return bool(found)

    def _answer(self, verb: bytes) -> None:
        self._in_data = verb == b"DATA"
        self._transport.write(_ANSWERS.get(verb, b"250 OK\r\n"))


class _Http(asyncio.Protocol):
    """Answers every request with 204 and keeps the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._step():
            pass

    def _step(self) -> bool:
        head, found, rest = self._held.partition(b"\r\n\r\n")
        length = _content_length(head) if found else 0
        if not found or len(rest) < length:
            return False
        self._held = rest[length:]
        _taken.append(time.monotonic())
        self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        return True


class _Report(asyncio.Protocol):
    """Tells and forgets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        transport.write(json.dumps(_taken).encode() + b"\n")
        _taken.clear()
        transport.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _serve(smtp_port: int, http_port: int, report_port: int) -> None:
    loop = asyncio.get_running_loop()
    for protocol, port in ((_Smtp, smtp_port), (_Http, http_port), (_Report, report_port)):
        await loop.create_server(protocol, "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(*map(int, sys.argv[1:4])))
