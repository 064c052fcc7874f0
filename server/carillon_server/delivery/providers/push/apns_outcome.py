"""What the answers of APNs mean: the `reason` in the body first, then the status.

Apple, "Handling notification responses from APNs":

- 410 `Unregistered`, `ExpiredToken`: the token is dead since `timestamp`; an app that registered again later
  lives, so the time goes along.
- `BadDeviceToken`: no token of this environment, which no later attempt changes: the endpoint is gone.
- `DeviceTokenNotForTopic`: the token lives, but belongs to another app than `topic` names. Rejected, and the
  endpoint stays: the setting may be what is wrong.
- `TooManyRequests`: too many for this one device; the others go on, so this is no Throttled.
- `TooManyProviderTokenUpdates`: we; throttled.
- 403, and what is wrong with the topic: our credentials and settings; somebody will mend them.
- 413: too large. 500, 503 (`Shutdown`): try again.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, classify_answer
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
)

EXPIRED_TOKEN = "ExpiredProviderToken"  # noqa: S105 - a reason, not a password
_OURS_TO_MEND = frozenset({"BadPath", "BadTopic", "MissingTopic", "TopicDisallowed", "InvalidPushType"})
_AGAIN = frozenset(
    {"IdleTimeout", "InternalServerError", "ServiceUnavailable", "Shutdown", "TooManyRequests"}
)
_WORD_START = re.compile("(?<!^)(?=[A-Z])")
_KNOWN_REASON = re.compile("[A-Za-z]{1,50}")


def reason_of(answer: HttpAnswer) -> str:
    """As Apple spells it; empty where there is none."""
    reason = answer.json().get("reason")
    return reason if isinstance(reason, str) and _KNOWN_REASON.fullmatch(reason) else ""


def classify(answer: HttpAnswer, now: datetime) -> Outcome:
    """The outcome of a request to send."""
    if answer.status == 200:
        apns_id = answer.headers.get("apns-id", "")
        return Delivered(apns_id) if apns_id else Retry("protocol", "the answer has no apns-id")
    reason = reason_of(answer)
    if answer.status == 410 or reason == "BadDeviceToken":
        return EndpointGone(
            _error_class(reason or "Unregistered"), "no such token (any more)", _timestamp(answer)
        )
    if answer.status == 403:
        return Retry("credentials_refused", reason or "answered 403")
    return _of_reason(reason, answer, now) or classify_answer(answer, now)


def _of_reason(reason: str, answer: HttpAnswer, now: datetime) -> Outcome | None:
    error_class, after_seconds = _error_class(reason), answer.retry_after_seconds(now)
    if reason in _OURS_TO_MEND or reason in _AGAIN:
        return Retry(error_class, f"answered {answer.status}", after_seconds)
    if reason == "TooManyProviderTokenUpdates":
        return Throttled(error_class, "too many new provider tokens", after_seconds)
    if reason and answer.status == 400:
        return Rejected(error_class, f"answered {answer.status}")
    return None


def _error_class(reason: str) -> str:
    return f"apns_{_WORD_START.sub('_', reason).lower()}"


def _timestamp(answer: HttpAnswer) -> datetime | None:
    """When APNs last knew the token to be dead, in milliseconds."""
    value = answer.json().get("timestamp")
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
