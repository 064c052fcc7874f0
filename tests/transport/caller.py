"""A caller without the client: raw gRPC, so that a test sees codes and details as they are on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from tests.transport.rpcs import RPCS, path_of, response_type

DETAIL_TYPES = (ErrorInfo, BadRequest, RetryInfo, QuotaFailure)
_CODES = {code.value[0]: code for code in grpc.StatusCode}
Metadata = Sequence[tuple[str, str | bytes]]


@dataclass(eq=False)
class Refused(Exception):  # noqa: N818 - an answer
    """A status that is not OK, with its details unpacked."""

    code: grpc.StatusCode
    message: str
    trailers: dict[str, str | bytes] = field(default_factory=dict)
    details: tuple[Message, ...] = ()

    def detail(self, kind: type[Any]) -> Any:
        return next((detail for detail in self.details if isinstance(detail, kind)), None)

    @property
    def reason(self) -> str:
        info = self.detail(ErrorInfo)
        return info.reason if info else ""

    @property
    def fields(self) -> list[str]:
        invalid = self.detail(BadRequest)
        return [violation.field for violation in invalid.field_violations] if invalid else []

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> Refused:
        trailers = dict(error.trailing_metadata() or ())
        raw = trailers.get("grpc-status-details-bin", b"")
        assert isinstance(raw, bytes)
        return cls(error.code(), error.details() or "", trailers, unpack(Status.FromString(raw)))

    @classmethod
    def of_item(cls, status: Status) -> Refused:
        """The error of one item of several."""
        return cls(_CODES[status.code], status.message, details=unpack(status))


def unpack(status: Status) -> tuple[Message, ...]:
    return tuple(_unpacked(packed) for packed in status.details)


def _unpacked(packed: Any) -> Message:
    message = next(kind for kind in DETAIL_TYPES if packed.Is(kind.DESCRIPTOR))()
    packed.Unpack(message)
    return message


class Caller:
    """Calls over one connection with one set of credentials."""

    def __init__(self, channel: grpc.aio.Channel, token: str = "") -> None:
        self.channel = channel
        self._metadata: Metadata = (("authorization", f"Bearer {token}"),) if token else ()

    async def call(
        self, name: str, request: Message | bytes, *, metadata: Metadata = (), timeout: float | None = 10
    ) -> Any:
        """The answer of a unary RPC; raises `Refused`."""
        rpc = self.channel.unary_unary(path_of(name), _serialize, response_type(name).FromString)
        try:
            return await rpc(request, metadata=(*self._metadata, *metadata), timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise Refused.of(error) from error

    async def attempt(self, name: str, request: Message | bytes, *, metadata: Metadata = ()) -> Any:
        """The answer of a unary RPC, or how it was refused."""
        try:
            return await self.call(name, request, metadata=metadata)
        except Refused as refused:
            return refused

    async def refusal(self, name: str, request: Message | bytes, *, metadata: Metadata = ()) -> Refused:
        """How a unary RPC is refused; fails the test when it is not."""
        outcome = await self.attempt(name, request, metadata=metadata)
        assert isinstance(outcome, Refused), f"{name} was answered: {outcome}"
        return outcome

    async def stream(self, name: str, requests: Any) -> AsyncIterator[Any]:
        """The answers of a streaming RPC; raises `Refused`."""
        rpc = RPCS[name]
        kind = "stream_stream" if rpc.client_streaming else "unary_stream"
        method = getattr(self.channel, kind)(path_of(name), _serialize, response_type(name).FromString)
        call = method(requests, metadata=self._metadata)
        try:
            async for answer in call:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise Refused.of(error) from error
        finally:
            call.cancel()


def _serialize(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()


async def each(requests: Iterable[Message | bytes]) -> AsyncIterator[Message | bytes]:
    for request in requests:
        yield request
