"""The one place where a reason becomes a gRPC code, and a refusal a `google.rpc.Status`."""

from __future__ import annotations

import random
from functools import lru_cache

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from carillon_server.domain.errors import FieldsInvalid, Reason, Refusal

DOMAIN = "carillon"
"""The `domain` of every `ErrorInfo`."""
DETAILS_KEY = "grpc-status-details-bin"
"""The trailing metadata that carries the serialized `google.rpc.Status`."""

CODES: dict[Reason, grpc.StatusCode] = {
    Reason.FIELD_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.CURSOR_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.PAGE_TOKEN_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.CREDENTIALS_INVALID: grpc.StatusCode.UNAUTHENTICATED,
    Reason.SCOPE_MISSING: grpc.StatusCode.PERMISSION_DENIED,
    Reason.NOTIFICATION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.RECIPIENT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ENDPOINT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ACTION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.REQUEST_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.DELIVERY_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.PROVIDER_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.TYPE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.TEMPLATE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.LAYOUT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.TOPIC_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.BROADCAST_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ACTION_ALREADY_TAKEN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DELIVERY_NOT_RETRYABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.CALLBACK_REFUSED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.TEMPLATE_FAILED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.LAYOUT_IN_USE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.STREAM_LIMIT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.SLOW_READER: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.MESSAGE_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.METHOD_UNKNOWN: grpc.StatusCode.UNIMPLEMENTED,
}

PUSHBACK_KEY = "grpc-retry-pushback-ms"
"""The trailing metadata that gRPC's own retries keep to, those of the client `carillon` too."""
_PUSHED_BACK = frozenset({Reason.STREAM_LIMIT, Reason.OVERLOADED})
_HOPELESS = frozenset({Reason.SLOW_READER, Reason.MESSAGE_TOO_LARGE})
# All that are refused at one moment must not come back at one moment.
_PUSHBACK_SPREAD = 0.5

_RETRYABLE = frozenset({Reason.STREAM_LIMIT, Reason.OVERLOADED, Reason.UNAVAILABLE})
_DEFAULT_RETRY_SECONDS = 1.0


def to_status(refusal: Refusal) -> Status:
    """The refusal with all its details; as `error` of one item, or as the end of a call."""
    code: int = CODES[refusal.reason].value[0]
    status = Status(code=code, message=refusal.message)
    status.details.add().Pack(
        ErrorInfo(reason=refusal.reason.value, domain=DOMAIN, metadata=refusal.metadata)
    )
    if isinstance(refusal, FieldsInvalid):
        status.details.add().Pack(_bad_request(refusal))
    if refusal.reason is Reason.STREAM_LIMIT:
        status.details.add().Pack(_quota_failure(refusal))
    if refusal.reason in _RETRYABLE:
        status.details.add().Pack(_retry_info(refusal))
    return status


def trailers_of(refusal: Refusal) -> tuple[tuple[str, str | bytes], ...]:
    """What goes with the end of a call."""
    details = (DETAILS_KEY, _details_of(refusal))
    if refusal.reason in _PUSHED_BACK:
        return (details, (PUSHBACK_KEY, str(_pushback_ms(refusal))))
    # The code is one that gRPC would repeat; a number below 0 tells it not to.
    return (details, (PUSHBACK_KEY, "-1")) if refusal.reason in _HOPELESS else (details,)


def _details_of(refusal: Refusal) -> bytes:
    if refusal.reason is Reason.OVERLOADED and not refusal.metadata:
        return _details_of_overload(refusal.message, refusal.retry_after_seconds)
    return to_status(refusal).SerializeToString()


# There is no worse moment to make the same bytes again.
@lru_cache(maxsize=16)
def _details_of_overload(message: str, retry_after_seconds: float | None) -> bytes:
    refusal = Refusal(Reason.OVERLOADED, message, retry_after_seconds=retry_after_seconds)
    return to_status(refusal).SerializeToString()


def _pushback_ms(refusal: Refusal) -> int:
    """Never sooner than `RetryInfo` says. At least 1: where it reads 0, gRPC waits until the deadline."""
    spread = 1 + _PUSHBACK_SPREAD * random.random()
    return max(1, round(_retry_seconds(refusal) * spread * 1000))


def _retry_seconds(refusal: Refusal) -> float:
    seconds = refusal.retry_after_seconds
    return _DEFAULT_RETRY_SECONDS if seconds is None else seconds


def _bad_request(refusal: FieldsInvalid) -> BadRequest:
    return BadRequest(
        field_violations=[
            BadRequest.FieldViolation(
                field=violation.field,
                description=violation.description,
                reason=Reason.FIELD_INVALID.value,
            )
            for violation in refusal.violations
        ]
    )


def _quota_failure(refusal: Refusal) -> QuotaFailure:
    subject = refusal.metadata.get("subject", "")
    return QuotaFailure(violations=[QuotaFailure.Violation(subject=subject, description=refusal.message)])


def _retry_info(refusal: Refusal) -> RetryInfo:
    delay = Duration()
    delay.FromMilliseconds(round(_retry_seconds(refusal) * 1000))
    return RetryInfo(retry_delay=delay)
