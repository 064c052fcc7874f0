"""Bytes that are no call, or nearly one: refused or cut off, and the next caller notices nothing."""

from __future__ import annotations

import random
import ssl

import grpc
import pytest

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.fuzz.attacks import bodies, wire
from tests.fuzz.attacks.target import LIST, SEND
from tests.fuzz.raw_call import raw_call
from tests.fuzz.service import Service
from tests.transport.caller import Caller
from tests.transport.requests import build

_FAULTS = (grpc.StatusCode.UNKNOWN.value[0], grpc.StatusCode.INTERNAL.value[0])
_CUT_OFF_SECONDS = 10.0
_FRAME = 16_000


@pytest.fixture
def token(service: Service) -> str:
    return service.issuer.token("acme", "billing", [Role.PRODUCER])


async def _is_well(service: Service) -> bool:
    async with grpc.aio.insecure_channel(service.address) as channel:
        caller = Caller(channel, service.issuer.token("acme", "ada", [Role.USER]))
        return bool((await caller.call("GetCounts", pb.GetCountsRequest())).cursor) and service.is_alive()


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


_HELLO = wire.PREFACE + wire.settings()
_CALL = wire.headers(1, wire.block(wire.request_headers(LIST)))
NO_HTTP2 = {
    "http/1.1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "http/1.1 upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "http/1.1 post": b"POST /Send HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
    "tls": _client_hello(),
    "redis": b"*1\r\n$4\r\nPING\r\n",
    "zeros": bytes(10_000),
    "preface with a dent": wire.PREFACE.replace(b"2.0", b"2.1") + wire.settings(),
    "no settings after the preface": wire.PREFACE + wire.frame(wire.PING, 0, 0, bytes(8)),
    "settings on a stream": wire.PREFACE + wire.frame(wire.SETTINGS, 0, 1),
    "settings of five bytes": wire.PREFACE + wire.frame(wire.SETTINGS, 0, 0, bytes(5)),
    "settings that nobody may set": wire.PREFACE + wire.settings({4: 2**32 - 1, 5: 1}),
    "a ping of seven bytes": _HELLO + wire.frame(wire.PING, 0, 0, bytes(7)),
    "a reset of three bytes": _HELLO + _CALL + wire.frame(wire.RST_STREAM, 0, 1, bytes(3)),
    "a window of zero": _HELLO + wire.window_update(0, 0),
    "a frame of 16 MiB": _HELLO + wire.frame(wire.DATA, 0, 1, b"", 2**24 - 1) + bytes(20_000),
    "padding longer than the frame": _HELLO + wire.frame(wire.HEADERS, wire.PADDED | 4, 1, b"\xff\x82"),
    "headers that are no headers": _HELLO + wire.headers(1, b"\xff" * 100),
    "an index that is not there": _HELLO + wire.headers(1, b"\xff\xff\xff\xff\x0f"),
    "a continuation of nothing": _HELLO + wire.frame(wire.CONTINUATION, wire.END_HEADERS, 1, b""),
    "something between headers": _HELLO + wire.frame(wire.HEADERS, 0, 1, b"\x82") + wire.settings(),
}

IGNORED = {
    "push": _HELLO + wire.frame(wire.PUSH_PROMISE, wire.END_HEADERS, 1, bytes(4)),
    "data on stream 0": _HELLO + wire.frame(wire.DATA, 0, 0, b"x"),
    "headers on stream 0": _HELLO + wire.frame(wire.HEADERS, wire.END_HEADERS, 0, b""),
    "headers on an even stream": _HELLO + wire.headers(2, wire.block(wire.request_headers(LIST))),
}


@pytest.mark.parametrize("name", NO_HTTP2)
async def test_what_is_no_http2_is_cut_off(service: Service, name: str) -> None:
    with wire.connected(service.port, hello=NO_HTTP2[name]) as connection:
        assert connection.read_to_end(_CUT_OFF_SECONDS) is not None
    assert await _is_well(service)


@pytest.mark.parametrize("name", IGNORED)
async def test_what_is_ignored_hurts_nobody(service: Service, name: str) -> None:
    with wire.connected(service.port, hello=IGNORED[name]) as connection:
        connection.drop_answers()
        assert await _is_well(service)


async def test_random_bytes_hurt_nobody(service: Service) -> None:
    choice = random.Random(11)
    for opening in [b"", wire.PREFACE, _HELLO, _HELLO + _CALL] * 25:
        with wire.connected(
            service.port, hello=opening + choice.randbytes(choice.randint(1, 5_000))
        ) as connection:
            connection.drop_answers()
    assert await _is_well(service)


async def test_connections_that_end_anywhere_hurt_nobody(service: Service, token: str) -> None:
    call = _HELLO + wire.headers(1, wire.block(wire.request_headers(SEND, token)))
    whole = call + wire.data(1, wire.message(build("Send").SerializeToString()), end=True)
    for end in range(0, len(whole), 7):
        with wire.connected(service.port, hello=whole[:end]) as connection:
            connection.drop_answers()
    assert await _is_well(service)


def _send() -> bytes:
    return build("Send").SerializeToString()


BODIES = {
    "nothing": [],
    "half a prefix": [b"\0\0"],
    "a prefix alone": [b"\0\0\0\0\x09"],
    "shorter than it says": [wire.message(_send(), length=1_000)],
    "longer than it says": [wire.message(_send(), length=3)],
    "4 GiB, it says": [wire.message(_send(), length=2**32 - 1)],
    "two messages": [wire.message(_send()) * 2],
    "a flag that nobody knows": [wire.message(_send(), compressed=7)],
    "random bytes": [wire.message(random.Random(3).randbytes(2_000))],
    "an empty frame first": [b"", wire.message(_send())],
    "a byte per frame": [bytes([byte]) for byte in wire.message(_send())],
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_is_no_message_is_refused(service: Service, token: str, name: str) -> None:
    answer = raw_call(service.port, SEND, BODIES[name], token=token)
    assert answer.grpc_status not in _FAULTS, answer
    assert await _is_well(service)


async def test_a_call_without_a_message_is_refused(service: Service, token: str) -> None:
    answer = raw_call(service.port, SEND, BODIES["nothing"], token=token)
    assert answer.grpc_status == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_nobody_waits_for_the_message_of_a_stranger(service: Service) -> None:
    """Who is refused anyway is refused before the message comes: it would be kept as long as they like."""
    headers = wire.request_headers(SEND)
    answer = raw_call(service.port, SEND, [], headers=headers, end=False)
    assert answer.grpc_status == grpc.StatusCode.UNAUTHENTICATED.value[0]


def test_a_message_that_never_ends_has_the_default_deadline(silent_house: Service) -> None:
    token = silent_house.issuer.token("acme", "billing", [Role.PRODUCER])
    begun = [wire.message(b"", length=1_000)]
    answer = raw_call(silent_house.port, SEND, begun, token=token, end=False)
    assert answer.grpc_status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


BROKEN = {
    "compressed without saying how": ([], _send()),
    "compressed by nothing known": ([("grpc-encoding", "br")], _send()),
    "compressed, but it is not": ([("grpc-encoding", "gzip")], b"garbage"),
    "no te": ([("te", "")], b""),
    "no such method": ([(":method", "EAT")], b""),
    "a timeout that is none": ([("grpc-timeout", "soon")], b""),
    "a negative timeout": ([("grpc-timeout", "-1S")], b""),
    "binary that is none": ([("x-bin", "!!")], b""),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_breaks_grpc_itself_is_answered_by_grpc(service: Service, token: str, name: str) -> None:
    """Its specification says INTERNAL or UNKNOWN to some of it. The service never sees such a call."""
    extra, body = BROKEN[name]
    headers = dict(wire.request_headers(SEND, token)) | dict(extra)
    pieces = [wire.message(body, compressed=1)]
    answer = raw_call(service.port, SEND, pieces, headers=list(headers.items()))
    assert answer.grpc_status in _FAULTS
    assert "x-request-id" not in answer.fields
    assert await _is_well(service)


async def test_little_that_expands_to_much_is_refused_in_little_memory(service: Service, token: str) -> None:
    service.forget_peak()
    before = service.peak_mib()
    for encoding, window_bits in (("gzip", 31), ("deflate", 15)):
        headers = wire.request_headers(SEND, token, [("grpc-encoding", encoding)])
        bomb = wire.message(bodies.squeezed(window_bits, mebibytes=60), compressed=1)
        pieces = [bomb[at : at + _FRAME] for at in range(0, len(bomb), _FRAME)]
        answer = raw_call(service.port, SEND, pieces, headers=headers)
        assert answer.grpc_status == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert service.peak_mib() < before + 64


HEADERS = {
    "no content type": [("content-type", "")],
    "json": [("content-type", "application/json")],
    "another codec": [("content-type", "application/grpc+json")],
    "get": [(":method", "GET")],
    "no path": [(":path", "")],
    "a path to nowhere": [(":path", "/carillon.v1.NotificationService/Sind")],
    "a path upwards": [(":path", "/../../etc/passwd")],
    "a long path": [(":path", "/" + "x" * 8_000)],
    "a timeout of no time": [("grpc-timeout", "0n")],
    "no token": [("authorization", "Bearer ")],
    "a token of strange letters": [("authorization", "Bearer \u00e9\u00e9")],
    "a large header": [("x-large", "x" * 15_000)],
    "a header that is too large": [("x-large", "x" * 40_000)],
}


@pytest.mark.parametrize("name", HEADERS)
async def test_headers_that_are_wrong_are_no_fault_of_ours(service: Service, token: str, name: str) -> None:
    changed = dict(wire.request_headers(SEND, token)) | dict(HEADERS[name])
    answer = raw_call(service.port, SEND, [wire.message(_send())], headers=list(changed.items()))
    assert answer.grpc_status not in _FAULTS, answer
    assert await _is_well(service)
