"""Turns the bytes that came in into a message that keeps all limits, or refuses them.

Parsing happens here and not in gRPC, so that bytes that are no message are INVALID_ARGUMENT. Fields that this
version does not know are dropped: they were not checked, so they must not be stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError, Message

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.bundle_limits import LARGER_MESSAGES
from carillon_server.transport.call import Call
from carillon_server.transport.checker import Checker
from carillon_server.transport.method import Method, Proceed

Read: TypeAlias = Callable[[bytes], Message]


class Validation:
    """The last stage before the servicer.

    A servicer with a request stream gets an iterator of messages and of `Refusal` values: one bad item is
    an answer, not the end of the stream.
    """

    def __init__(self, checker: Checker, max_message_bytes: int) -> None:
        self._checker = checker
        self._max_message_bytes = max_message_bytes

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        read = self._reader(method.request_type)
        if method.request_streaming:

            async def validated_stream(call: Call) -> Any:
                call.received = _read_each(read, call.received)
                return await proceed(call)

            return validated_stream

        async def validated(call: Call) -> Any:
            call.received = read(await _only_message(call))
            return await proceed(call)

        return validated

    def _reader(self, message_type: type[Message]) -> Read:
        parse, check = message_type.FromString, self._checker.of(message_type)
        max_bytes = max(self._max_message_bytes, LARGER_MESSAGES.get(message_type, 0))

        def read(raw: bytes) -> Message:
            if len(raw) > max_bytes:
                raise _too_large(max_bytes)
            try:
                message = parse(raw)
            except DecodeError as error:
                raise Refusal(Reason.FIELD_INVALID, "the bytes are not a message of this RPC") from error
            message.DiscardUnknownFields()
            check(message)
            return message

        return read


async def _only_message(call: Call) -> bytes:
    raw = await call.context.read()
    if raw is grpc.aio.EOF:
        raise Refusal(Reason.FIELD_INVALID, "the call came without a message")
    return cast(bytes, raw)


async def _read_each(read: Read, received: AsyncIterator[bytes]) -> AsyncIterator[Message | Refusal]:
    async for raw in received:
        try:
            yield read(raw)
        except Refusal as refusal:
            yield refusal


def _too_large(max_message_bytes: int) -> Refusal:
    return Refusal(Reason.MESSAGE_TOO_LARGE, f"a message has at most {max_message_bytes:,} bytes")
