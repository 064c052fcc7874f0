"""Refusals of the fake, with the details that the service gives too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from carillon.v1.error_reason_pb2 import ErrorReason

DETAILS_KEY = "grpc-status-details-bin"

CODES = {
    "FIELD_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "CURSOR_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "PAGE_TOKEN_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "CREDENTIALS_INVALID": grpc.StatusCode.UNAUTHENTICATED,
    "SCOPE_MISSING": grpc.StatusCode.PERMISSION_DENIED,
    "NOTIFICATION_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "RECIPIENT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "ENDPOINT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "ACTION_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "REQUEST_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "DELIVERY_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "PROVIDER_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "REQUEST_ID_REUSED": grpc.StatusCode.FAILED_PRECONDITION,
    "ACTION_ALREADY_TAKEN": grpc.StatusCode.FAILED_PRECONDITION,
    "DELIVERY_NOT_RETRYABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "CALLBACK_REFUSED": grpc.StatusCode.PERMISSION_DENIED,
    "TYPE_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "TEMPLATE_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "LAYOUT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "TOPIC_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "BROADCAST_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "TEMPLATE_FAILED": grpc.StatusCode.FAILED_PRECONDITION,
    "LAYOUT_IN_USE": grpc.StatusCode.FAILED_PRECONDITION,
    "STREAM_LIMIT": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "SLOW_READER": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "OVERLOADED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "MESSAGE_TOO_LARGE": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "DEADLINE_EXCEEDED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "INTERNAL": grpc.StatusCode.INTERNAL,
    "METHOD_UNKNOWN": grpc.StatusCode.UNIMPLEMENTED,
}

# Their code is one that gRPC would repeat; a number below 0 tells it not to.
_HOPELESS = frozenset({"SLOW_READER", "MESSAGE_TOO_LARGE"})


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """Ends a call, or one item of several."""

    def __init__(
        self,
        reason: str,
        *,
        violations: Sequence[tuple[str, str]] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        first = f": {violations[0][0]} {violations[0][1]}" if violations else ""
        super().__init__(f"{reason}{first}")
        # A reason that the API does not have would teach callers something that never happens.
        ErrorReason.Value(f"ERROR_REASON_{reason}")
        self.reason = reason
        self.code = CODES[reason]
        self._violations = violations
        self._metadata = metadata or {}
        self._retry_after_seconds = retry_after_seconds

    def status(self) -> Status:
        """With all details."""
        number: int = self.code.value[0]
        status = Status(code=number, message=str(self))
        info = ErrorInfo(domain="carillon", reason=self.reason, metadata=self._metadata)
        status.details.add().Pack(info)
        if self._violations:
            fields = [BadRequest.FieldViolation(field=f, description=d) for f, d in self._violations]
            status.details.add().Pack(BadRequest(field_violations=fields))
        if self._retry_after_seconds is not None:
            delay = Duration()
            delay.FromMilliseconds(round(self._retry_after_seconds * 1000))
            status.details.add().Pack(RetryInfo(retry_delay=delay))
        return status

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What ends the call; where the service says how long to wait, gRPC's own retries keep to it."""
        details = (DETAILS_KEY, self.status().SerializeToString())
        if self._retry_after_seconds is None:
            return (details, ("grpc-retry-pushback-ms", "-1")) if self.reason in _HOPELESS else (details,)
        # gRPC waits until the deadline where it reads 0.
        pushback_ms = max(1, round(self._retry_after_seconds * 1000))
        return (details, ("grpc-retry-pushback-ms", str(pushback_ms)))


def refuse(field: str, description: str) -> NoReturn:
    """Refuses one field."""
    raise Refusal("FIELD_INVALID", violations=[(field, description)])
