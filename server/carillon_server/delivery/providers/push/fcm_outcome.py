"""What the answers of FCM mean: its `ErrorCode` first, then the status.

Firebase, "FCM error codes" and "Manage FCM registration tokens":

- `UNREGISTERED`: the app is gone from the device, the endpoint with it.
- `INVALID_ARGUMENT`: about the token if the field named is `message.token`; it never was one, so the endpoint
  is gone. Without that field the fault may be ours, and good tokens must not be retired: rejected.
- `SENDER_ID_MISMATCH`: the token belongs to another project: rejected.
- `QUOTA_EXCEEDED`: too many messages of ours: throttled, a minute unless it says how long.
- `UNAVAILABLE`, `INTERNAL`: try again, when it says.
- `THIRD_PARTY_AUTH_ERROR`, 401, 403: our credentials; somebody will mend them.
- 404 without `UNREGISTERED`: there is no such project: ours to mend as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, classify_answer
from carillon_server.domain.outcome import (
    Delivered,
    EndpointGone,
    Outcome,
    Rejected,
    Retry,
    Throttled,
)

_QUOTA_SECONDS = 60.0
_AGAIN = ("UNAVAILABLE", "INTERNAL")
_REJECTED = {
    "INVALID_ARGUMENT": "the message is not taken as it is",
    "SENDER_ID_MISMATCH": "the token belongs to another project",
}


def refuses_token(answer: HttpAnswer) -> bool:
    """The access token does not hold (any more)."""
    return answer.status == 401 and not _error_code(_mapping(answer.json().get("error")))


def classify(answer: HttpAnswer, now: datetime) -> Outcome:
    """The outcome of a request to send."""
    if answer.ok:
        name = answer.json().get("name")
        return Delivered(name) if isinstance(name, str) else Retry("protocol", "the answer names no message")
    error = _mapping(answer.json().get("error"))
    code = _error_code(error)
    known = _of_code(code, error, answer.retry_after_seconds(now)) if code else None
    if known is not None:
        return known
    if answer.status == 404:
        return Retry("http_404", "no such project")
    return classify_answer(answer, now)


def _of_code(code: str, error: Mapping[str, object], after_seconds: float | None) -> Outcome | None:
    error_class = f"fcm_{code.lower()}"
    if code == "UNREGISTERED" or (code == "INVALID_ARGUMENT" and _names_token(error)):
        return EndpointGone(error_class, "no such token (any more)")
    if code in _REJECTED:
        return Rejected(error_class, _REJECTED[code])
    if code == "QUOTA_EXCEEDED":
        seconds = _QUOTA_SECONDS if after_seconds is None else after_seconds
        return Throttled(error_class, "too many messages", seconds)
    if code in _AGAIN:
        return Retry(error_class, "out of order", after_seconds)
    if code == "THIRD_PARTY_AUTH_ERROR":
        return Retry("credentials_refused", "the project's key for APNs or Web Push is missing or wrong")
    return None


def _error_code(error: Mapping[str, object]) -> str:
    codes = (detail.get("errorCode") for detail in _details(error))
    return next((code for code in codes if isinstance(code, str)), "")


def _names_token(error: Mapping[str, object]) -> bool:
    violations = (each for detail in _details(error) for each in _list(detail.get("fieldViolations")))
    return any(_mapping(each).get("field") in ("message.token", "token") for each in violations)


def _details(error: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    return (_mapping(detail) for detail in _list(error.get("details")))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
