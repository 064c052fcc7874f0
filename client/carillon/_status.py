"""Turns the status of a failed call into an exception."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from carillon import errors

_DOMAIN = "carillon"
_DETAILS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}

BY_REASON: dict[str, type[errors.CarillonError]] = {
    "FIELD_INVALID": errors.FieldInvalidError,
    "CURSOR_INVALID": errors.CursorInvalidError,
    "PAGE_TOKEN_INVALID": errors.PageTokenInvalidError,
    "CREDENTIALS_INVALID": errors.CredentialsInvalidError,
    "SCOPE_MISSING": errors.ScopeMissingError,
    "NOTIFICATION_NOT_FOUND": errors.NotificationNotFoundError,
    "RECIPIENT_NOT_FOUND": errors.RecipientNotFoundError,
    "ENDPOINT_NOT_FOUND": errors.EndpointNotFoundError,
    "ACTION_NOT_FOUND": errors.ActionNotFoundError,
    "REQUEST_NOT_FOUND": errors.RequestNotFoundError,
    "DELIVERY_NOT_FOUND": errors.DeliveryNotFoundError,
    "PROVIDER_NOT_FOUND": errors.ProviderNotFoundError,
    "REQUEST_ID_REUSED": errors.RequestIdReusedError,
    "ACTION_ALREADY_TAKEN": errors.ActionAlreadyTakenError,
    "DELIVERY_NOT_RETRYABLE": errors.DeliveryNotRetryableError,
    "CALLBACK_REFUSED": errors.CallbackRefusedError,
    "TYPE_NOT_FOUND": errors.TypeNotFoundError,
    "TEMPLATE_NOT_FOUND": errors.TemplateNotFoundError,
    "LAYOUT_NOT_FOUND": errors.LayoutNotFoundError,
    "TOPIC_NOT_FOUND": errors.TopicNotFoundError,
    "BROADCAST_NOT_FOUND": errors.BroadcastNotFoundError,
    "TEMPLATE_FAILED": errors.TemplateFailedError,
    "LAYOUT_IN_USE": errors.LayoutInUseError,
    "STREAM_LIMIT": errors.StreamLimitError,
    "SLOW_READER": errors.SlowReaderError,
    "OVERLOADED": errors.OverloadedError,
    "MESSAGE_TOO_LARGE": errors.MessageTooLargeError,
    "UNAVAILABLE": errors.UnavailableError,
    "DEADLINE_EXCEEDED": errors.DeadlineExceededError,
    "INTERNAL": errors.InternalError,
    "METHOD_UNKNOWN": errors.MethodUnknownError,
}

_BY_CODE: dict[grpc.StatusCode, type[errors.CarillonError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidRequestError,
    grpc.StatusCode.OUT_OF_RANGE: errors.InvalidRequestError,
    grpc.StatusCode.UNAUTHENTICATED: errors.AccessError,
    grpc.StatusCode.PERMISSION_DENIED: errors.AccessError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: errors.ConflictError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.LimitError,
    grpc.StatusCode.UNAVAILABLE: errors.UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceededError,
    grpc.StatusCode.INTERNAL: errors.InternalError,
    grpc.StatusCode.UNIMPLEMENTED: errors.MethodUnknownError,
}

_Detail = TypeVar("_Detail", bound=Message)


def error_from_status(status: Status) -> errors.CarillonError:
    """The exception for a status inside an answer, such as `SendBatchResult.error`."""
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return _error(code, status.message, status)


def error_from_call(
    code: grpc.StatusCode, message: str | None, trailing_metadata: Iterable[tuple[str, str | bytes]]
) -> errors.CarillonError:
    """The exception for a call that ended with `code`."""
    for key, value in trailing_metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            return _error(code, message or "", _decode(value))
    return _error(code, message or "", Status())


def _error(code: grpc.StatusCode, message: str, status: Status) -> errors.CarillonError:
    info = _detail(status, ErrorInfo)
    ours = info is not None and info.domain == _DOMAIN
    reason = info.reason if info is not None and ours else ""
    family = _BY_CODE.get(code, errors.CarillonError)
    return BY_REASON.get(reason, family)(
        message or code.name,
        code=code,
        reason=reason,
        metadata=MappingProxyType(dict(info.metadata) if info is not None else {}),
        field_violations=_field_violations(status),
        retry_delay=_retry_delay(status),
    )


def _decode(details: bytes) -> Status:
    try:
        return Status.FromString(details)
    except DecodeError:
        # Something on the way broke the details; the code still says what happened.
        return Status()


def _detail(status: Status, kind: type[_Detail]) -> _Detail | None:
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            return detail
    return None


def _field_violations(status: Status) -> list[errors.FieldViolation]:
    detail = _detail(status, BadRequest)
    if detail is None:
        return []
    return [errors.FieldViolation(found.field, found.description) for found in detail.field_violations]


def _retry_delay(status: Status) -> timedelta | None:
    detail = _detail(status, RetryInfo)
    return None if detail is None else detail.retry_delay.ToTimedelta()
