"""Browsers that are none: whatever comes, the gateway answers the next one."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.gateway.browser import Browser

_ANSWER_SECONDS = 10.0
_SLOW = 200

GARBAGE = {
    "random bytes": random.Random(5).randbytes(5_000),
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": b"/v1/counts HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "no such version": b"GET / HTTP/9.9\r\nhost: localhost\r\n\r\n",
    "a header without end": b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 200_000,
    "a length that is none": b"POST /v1/notifications:markRead HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a chunk that is none": b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "a line in a header": b"GET /healthz HTTP/1.1\r\nhost: a\r\nx: a\x00b\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
}


async def _send_and_end(port: int, raw: bytes) -> bytes:
    """What came back until the end, which came from one side or the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_refused_and_hurts_nobody(plain_gateway: int, name: str) -> None:
    answer = await _send_and_end(plain_gateway, GARBAGE[name])
    assert not answer.startswith(b"HTTP/1.1 5")
    assert (await Browser(plain_gateway).get("/healthz")).status == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_all_there(
    user_a: Browser, gateway: int
) -> None:
    authorization = user_a.headers["authorization"]
    head = (
        "POST /v1/notifications:markRead HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: {authorization}\r\ncontent-length: 100000000\r\n\r\n"
    )
    answer = await _send_and_end(gateway, head.encode() + b" " * 300_000)
    assert answer.startswith(b"HTTP/1.1 400")
    assert (await Browser(gateway).get("/healthz")).status == 200


async def test_requests_that_come_a_byte_at_a_time_keep_nobody_waiting(plain_gateway: int) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", plain_gateway) for _ in range(_SLOW)]
    try:
        for byte in b"GET /healthz HTTP/1.1\r\nx-slow: ":
            for _reader, writer in slow:
                writer.write(bytes([byte]))
        assert (await Browser(plain_gateway).get("/healthz")).status == 200
    finally:
        for _reader, writer in slow:
            writer.close()
