"""What came of an HTTP request, and what it means where the service behind it says nothing of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from carillon_server.domain.outcome import Outcome, Rejected, Retry, Throttled, Unknown

_FORBIDDEN = ("address_forbidden", "address_invalid")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The other side answered in full."""

    status: int
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes = field(repr=False)
    """May be cut; not unpacked."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, object]:
        """The body where it is a JSON object; else nothing."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def retry_after_seconds(self, now: datetime) -> float | None:
        """The header `Retry-After` (RFC 9110, 10.2.3), in seconds or as a date; never negative."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:12])
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - now).total_seconds())


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """There was no answer, or only a part of one."""

    error_class: str
    """`timeout`, `unreachable`, `tls`, `disconnected`, `protocol`, `address_forbidden`, `address_invalid`."""
    detail: str
    sent: bool
    """The other side may have taken the request; False: it surely has not."""


def classify_failure(failure: HttpFailure, *, at_most_once: bool = False) -> Outcome:
    """An address that may not be asked never will be; where nobody knows, `at_most_once` says Unknown."""
    if failure.error_class in _FORBIDDEN:
        return Rejected(failure.error_class, failure.detail)
    if failure.sent and at_most_once:
        return Unknown(failure.error_class, failure.detail)
    return Retry(failure.error_class, failure.detail)


def classify_answer(answer: HttpAnswer, now: datetime) -> Outcome:
    """What an answer other than 2xx means (RFC 9110, RFC 6585).

    429, and 503 that says when to come back, are about all messages: Throttled. 401 and 403 are about our
    credentials: Retry, somebody will mend them. So may 408, 425, 5xx and redirects, which are not followed,
    pass. Every other 4xx is about this message: Rejected.
    """
    status, after_seconds = answer.status, answer.retry_after_seconds(now)
    error_class, detail = f"http_{status}", f"answered {status}"
    if status == 429 or (status == 503 and after_seconds is not None):
        return Throttled(error_class, detail, after_seconds)
    if status in (401, 403):
        return Retry("credentials_refused", detail, after_seconds)
    if status == 413:
        return Rejected("too_large", detail)
    if 400 <= status < 500 and status not in (408, 425):
        return Rejected(error_class, detail)
    return Retry(error_class, detail, after_seconds)
