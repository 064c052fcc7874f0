"""Why a call failed, as exceptions.

Every refusal of the service names a reason, and every reason has an exception:

* CarillonError
  x InvalidRequestError
    + FieldInvalidError
    + CursorInvalidError
    + PageTokenInvalidError
  x AccessError
    + CredentialsInvalidError
    + ScopeMissingError
    + CallbackRefusedError
  x NotFoundError
    + NotificationNotFoundError
    + RecipientNotFoundError
    + EndpointNotFoundError
    + ActionNotFoundError
    + RequestNotFoundError
    + DeliveryNotFoundError
    + ProviderNotFoundError
    + TypeNotFoundError
    + TemplateNotFoundError
    + LayoutNotFoundError
    + TopicNotFoundError
    + BroadcastNotFoundError
  x ConflictError
    + RequestIdReusedError
    + ActionAlreadyTakenError
    + DeliveryNotRetryableError
    + TemplateFailedError
    + LayoutInUseError
  x LimitError
    + StreamLimitError
    + SlowReaderError
    + OverloadedError
    + MessageTooLargeError
  x UnavailableError
  x DeadlineExceededError
  x InternalError
  x MethodUnknownError

A failure without a reason (of a proxy on the way, of the network, of a newer service) becomes the family
that fits its status code, or `CarillonError` itself. Decide on the class or on `reason`, never on the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import grpc

__all__ = [
    "AccessError",
    "ActionAlreadyTakenError",
    "ActionNotFoundError",
    "BroadcastNotFoundError",
    "CallbackRefusedError",
    "CarillonError",
    "ConflictError",
    "CredentialsInvalidError",
    "CursorInvalidError",
    "DeadlineExceededError",
    "DeliveryNotFoundError",
    "DeliveryNotRetryableError",
    "EndpointNotFoundError",
    "FieldInvalidError",
    "FieldViolation",
    "InternalError",
    "InvalidRequestError",
    "LayoutInUseError",
    "LayoutNotFoundError",
    "LimitError",
    "MessageTooLargeError",
    "MethodUnknownError",
    "NotFoundError",
    "NotificationNotFoundError",
    "OverloadedError",
    "PageTokenInvalidError",
    "ProviderNotFoundError",
    "RecipientNotFoundError",
    "RequestIdReusedError",
    "RequestNotFoundError",
    "ScopeMissingError",
    "SlowReaderError",
    "StreamLimitError",
    "TemplateFailedError",
    "TemplateNotFoundError",
    "TopicNotFoundError",
    "TypeNotFoundError",
    "UnavailableError",
]


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks its limit."""

    field: str
    """The path of the field, such as `content.title`."""
    description: str
    """What is wrong with it, for people."""


class CarillonError(Exception):
    """A call failed."""

    code: grpc.StatusCode
    """The status code."""
    reason: str
    """The reason from `carillon.v1.ErrorReason` without its prefix, such as `FIELD_INVALID`. Empty if the
    failure names none."""
    metadata: Mapping[str, str]
    """What the service adds to the reason, such as the missing `scope` or the `error_id` of a fault."""
    field_violations: Sequence[FieldViolation]
    """The fields that break their limits."""
    retry_delay: timedelta | None
    """How long to wait before the next try, if the service says so."""

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] = MappingProxyType({}),
        field_violations: Sequence[FieldViolation] = (),
        retry_delay: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.metadata = metadata
        self.field_violations = tuple(field_violations)
        self.retry_delay = retry_delay


class InvalidRequestError(CarillonError):
    """The request is not valid. Sending it again changes nothing."""


class FieldInvalidError(InvalidRequestError):
    """Fields break their limits; `field_violations` names each."""


class CursorInvalidError(InvalidRequestError):
    """A cursor is malformed, tampered with or of another inbox."""


class PageTokenInvalidError(InvalidRequestError):
    """A page token is malformed or belongs to another query."""


class AccessError(CarillonError):
    """The caller may not do this."""


class CredentialsInvalidError(AccessError):
    """There are no credentials, or they do not verify."""


class ScopeMissingError(AccessError):
    """The credentials do not allow this call; `metadata["scope"]` names what would."""


class CallbackRefusedError(AccessError):
    """The callback of a provider is not signed as it should be, or makes no sense."""


class NotFoundError(CarillonError):
    """There is no such thing for this caller."""


class NotificationNotFoundError(NotFoundError):
    """There is no such notification for this caller."""


class RecipientNotFoundError(NotFoundError):
    """There is no such recipient for this caller."""


class EndpointNotFoundError(NotFoundError):
    """There is no such endpoint for this caller."""


class ActionNotFoundError(NotFoundError):
    """The notification has no such action."""


class RequestNotFoundError(NotFoundError):
    """Nothing was sent under this `request_id`."""


class DeliveryNotFoundError(NotFoundError):
    """There is no such delivery for this caller."""


class ProviderNotFoundError(NotFoundError):
    """There is no such provider for this caller."""


class TypeNotFoundError(NotFoundError):
    """The tenant has no such type, and does not accept unknown ones."""


class TemplateNotFoundError(NotFoundError):
    """There is no such template, or none to make the content from."""


class LayoutNotFoundError(NotFoundError):
    """There is no such layout for this caller."""


class TopicNotFoundError(NotFoundError):
    """There is no such topic for this caller."""


class BroadcastNotFoundError(NotFoundError):
    """There is no such broadcast for this caller."""


class ConflictError(CarillonError):
    """What happened before does not allow this call."""


class RequestIdReusedError(ConflictError):
    """The `request_id` was used before with another body."""


class ActionAlreadyTakenError(ConflictError):
    """Another action was recorded on this notification."""


class DeliveryNotRetryableError(ConflictError):
    """The delivery has not ended, or its notification is gone: there is nothing to try again."""


class TemplateFailedError(ConflictError):
    """A template cannot be rendered with this data; `metadata` has `channel`, `part`, `locale`, `problem`."""


class LayoutInUseError(ConflictError):
    """Templates use the layout."""


class LimitError(CarillonError):
    """A limit of the service is reached."""


class StreamLimitError(LimitError):
    """Too many streams of this user or tenant are open."""


class SlowReaderError(LimitError):
    """The reader took nothing for too long."""


class OverloadedError(LimitError):
    """The service has more work than it can do in time."""


class MessageTooLargeError(LimitError):
    """A message is larger than the service takes."""


class UnavailableError(CarillonError):
    """The service cannot be reached, or cannot reach what it needs."""


class DeadlineExceededError(CarillonError):
    """No answer came in time. A call that changes something may or may not have happened: repeat it with
    the same `request_id`."""


class InternalError(CarillonError):
    """A fault of the service; `metadata["error_id"]` finds it in its logs."""


class MethodUnknownError(CarillonError):
    """The service does not know this call."""
