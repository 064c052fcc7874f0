"""Why a call is refused, as one exception with a reason.

`Refusal`
  `FieldsInvalid`      one or more request fields break their limits
  `NotFound`           no such thing for this caller
  `Unavailable`        the service cannot reach what it needs; the same call may succeed later

The transport maps every `Reason` to a gRPC code in one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The names of `carillon.v1.ErrorReason`, without their prefix."""

    FIELD_INVALID = "FIELD_INVALID"
    CURSOR_INVALID = "CURSOR_INVALID"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"  # noqa: S105 - a name, no secret
    CREDENTIALS_INVALID = "CREDENTIALS_INVALID"
    SCOPE_MISSING = "SCOPE_MISSING"
    NOTIFICATION_NOT_FOUND = "NOTIFICATION_NOT_FOUND"
    RECIPIENT_NOT_FOUND = "RECIPIENT_NOT_FOUND"
    ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
    ACTION_NOT_FOUND = "ACTION_NOT_FOUND"
    REQUEST_NOT_FOUND = "REQUEST_NOT_FOUND"
    DELIVERY_NOT_FOUND = "DELIVERY_NOT_FOUND"
    PROVIDER_NOT_FOUND = "PROVIDER_NOT_FOUND"
    TYPE_NOT_FOUND = "TYPE_NOT_FOUND"
    TEMPLATE_NOT_FOUND = "TEMPLATE_NOT_FOUND"
    LAYOUT_NOT_FOUND = "LAYOUT_NOT_FOUND"
    TOPIC_NOT_FOUND = "TOPIC_NOT_FOUND"
    BROADCAST_NOT_FOUND = "BROADCAST_NOT_FOUND"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    ACTION_ALREADY_TAKEN = "ACTION_ALREADY_TAKEN"
    DELIVERY_NOT_RETRYABLE = "DELIVERY_NOT_RETRYABLE"
    CALLBACK_REFUSED = "CALLBACK_REFUSED"
    TEMPLATE_FAILED = "TEMPLATE_FAILED"
    LAYOUT_IN_USE = "LAYOUT_IN_USE"
    STREAM_LIMIT = "STREAM_LIMIT"
    SLOW_READER = "SLOW_READER"
    OVERLOADED = "OVERLOADED"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"


class Refusal(Exception):  # noqa: N818 - the noun of the field: a refusal is an answer, not a fault
    """A refusal with its reason. The message is for people; callers decide on the reason."""

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks its limit: its path (`content.actions[0].id`) and what is wrong."""

    field: str
    description: str


class FieldsInvalid(Refusal):
    """One or more request fields break their limits; nothing was stored."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        first = violations[0]
        super().__init__(Reason.FIELD_INVALID, f"{first.field}: {first.description}")
        self.violations = tuple(violations)

    @classmethod
    def of(cls, field: str, description: str) -> FieldsInvalid:
        return cls([FieldViolation(field, description)])


class NotFound(Refusal):
    """No such thing for this caller; whether it exists for others is not told."""

    def __init__(self, reason: Reason) -> None:
        noun = reason.value.removesuffix("_NOT_FOUND").lower().replace("_", " ")
        super().__init__(reason, f"no such {noun}")


class Unavailable(Refusal):
    """The service cannot reach what it needs; the same call may succeed later."""

    def __init__(
        self, message: str = "the service cannot reach its database", retry_after_seconds: float = 1.0
    ) -> None:
        super().__init__(Reason.UNAVAILABLE, message, retry_after_seconds=retry_after_seconds)
