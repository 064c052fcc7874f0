"""Turns the bytes that came in into a message that keeps all limits, or refuses them.

Parsing happens here and not in gRPC, so that bytes that are no message are INVALID_ARGUMENT. Fields that this
version does not know are dropped: they were not checked, so they must not be stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

Check: TypeAlias = Callable[[Message], None]
"""Raises `FieldsInvalid` for a message that breaks a limit."""


class Validation:
    """The last stage before the servicer.

    A servicer with a request stream gets an iterator of messages and of `Refusal` values: one bad item is
    an answer, not the end of the stream.
    """

    def __init__(self, check: Check, max_message_bytes: int) -> None:
        self._check = check
        self._max_message_bytes = max_message_bytes

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        if method.request_streaming:

            async def validated_stream(call: Call) -> Any:
                call.received = self._messages(method, call.received)
                return await proceed(call)

            return validated_stream

        async def validated(call: Call) -> Any:
            call.received = self._message(method, call.received)
            return await proceed(call)

        return validated

    async def _messages(
        self, method: Method, received: AsyncIterator[bytes]
    ) -> AsyncIterator[Message | Refusal]:
        async for raw in received:
            try:
                yield self._message(method, raw)
            except Refusal as refusal:
                yield refusal

    def _message(self, method: Method, raw: bytes) -> Message:
        if len(raw) > self._max_message_bytes:
            raise Refusal(
                Reason.MESSAGE_TOO_LARGE, f"a message has at most {self._max_message_bytes:,} bytes"
            )
        try:
            message: Message = method.parse(raw)
        except DecodeError as error:
            raise Refusal(Reason.FIELD_INVALID, "the bytes are not a message of this RPC") from error
        message.DiscardUnknownFields()
        self._check(message)
        return message
