"""What the answers of a mail relay mean.

What a relay says about the address or the mail is final when it says 5xx. What it says about us (the
greeting, the login, the sender) is not: a wrong password must not throw mails away, and someone will mend it.
"""

from __future__ import annotations

import re

from aiosmtplib import (
    SMTPDataError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from carillon_server.domain.outcome import EndpointGone, Outcome, Rejected, Retry

_ENHANCED_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463: no such mailbox, no such system, bad syntax, moved, null MX, mailbox disabled.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


def classify(error: Exception) -> Outcome:
    """The outcome of a mail that was not taken."""
    match error:
        case SMTPNotSupported():
            return Rejected("smtputf8_unsupported", "the relay takes no such addresses")
        case SMTPRecipientRefused():
            return _of_recipient(error)
        case SMTPDataError():
            return _of_code(error)
        case SMTPResponseException():
            return Retry(f"smtp_{error.code}", _text(error))
        case _:
            return _of_silence(error)


def _of_silence(error: Exception) -> Retry:
    match error:
        case TimeoutError():
            return Retry("timeout", "the relay did not answer in time")
        case SMTPServerDisconnected():
            return Retry("disconnected", "the relay hung up")
        case OSError():
            return Retry("unreachable", type(error.__cause__ or error).__name__)
        case _:
            return Retry("smtp_protocol", type(error).__name__)


def _of_recipient(error: SMTPRecipientRefused) -> Outcome:
    found = _ENHANCED_CODE.search(error.message)
    if error.code >= 500 and found and found.group(1) in _GONE:
        return EndpointGone(f"smtp_{found.group(1)}", _text(error))
    return _of_code(error)


def _of_code(error: SMTPResponseException) -> Outcome:
    kind = Rejected if 500 <= error.code < 600 else Retry
    return kind(f"smtp_{error.code}", _text(error))


def _text(error: SMTPResponseException) -> str:
    return f"{error.code} {error.message}"
